// `sluice canary`: starts, follows and steers the canaries of a running gateway. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

void AddCanary(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

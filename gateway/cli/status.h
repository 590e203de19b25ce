// `sluice status`: what a running gateway has in force, and what became of the last change. Main thread of its own
// process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

void AddStatus(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

// `sluice certs init DIR`: a throw-away authority with everything that mutual TLS needs to be tried on one machine.
// Writes files, nothing else. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

void AddCerts(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

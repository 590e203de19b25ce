// `sluice run`: its flags and what they start. See gateway/app.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

// Adds the verb to `app`; when it is chosen, `exit_code` receives the result.
void AddRun(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

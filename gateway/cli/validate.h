// `sluice validate`: reads a configuration as `run` would, looks at what the order of its rules means, and prints every
// finding. Reads files, changes nothing. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

inline constexpr int kExitBadConfiguration = 65;
inline constexpr int kExitFindings = 79;

// Adds the verb to `app`; when it is chosen, `exit_code` receives 0, kExitBadConfiguration when there is an error, or
// kExitFindings as asked by --fail-on (design.md section 1).
void AddValidate(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

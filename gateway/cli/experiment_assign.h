// `sluice experiment assign`: which arm users have, by files, for whoever prepares or analyses an experiment elsewhere.
// Reads files and stdin, changes nothing. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

// Adds the verb to `experiment`.
void AddExperimentAssign(CLI::App& experiment, int& exit_code);

}  // namespace sluice::gateway

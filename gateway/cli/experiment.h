// `sluice experiment`: the verbs about experiments, a file each. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::gateway {

void AddExperiment(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

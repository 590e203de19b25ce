// `sluice experiment status`: users, answers and latency of each arm, and how far the arms are apart, from a running
// gateway. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "config/resource_json.h"

namespace sluice::gateway {

// How to print what /sluice/v1/experiments/NS/NAME answers.
std::string ExperimentText(const config::Json& status);

// Adds the verb to `experiment`.
void AddExperimentStatus(CLI::App& experiment, int& exit_code);

}  // namespace sluice::gateway

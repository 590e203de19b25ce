// `sluice weights`: other shares for the subsets of one route, and nothing else. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <span>
#include <string>

#include "config/resource_json.h"
#include "core/base/result.h"

namespace sluice::gateway {

// "v45=90", "v47=10" -> {"v45":90,"v47":10}. Weights are whole numbers from 0 to 10,000; no subset twice.
core::Result<config::Json> ReadWeights(std::span<const std::string> texts);

void AddWeights(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

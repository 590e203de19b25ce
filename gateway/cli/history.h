// `sluice history`, `diff` and `revert`: what was in force, how it differs, and back to it. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "config/resource_json.h"

namespace sluice::gateway {

// How to print what /sluice/v1/history answers; its lists, newest first.
std::string HistoryTable(const config::Json& revisions, const config::Json& decisions);
// What /sluice/v1/diff answers: the summary, then a unified diff of each object's canonical YAML.
std::string RevisionDiff(const config::Json& answer, bool colours);

void AddHistory(CLI::App& app, int& exit_code);
void AddDiff(CLI::App& app, int& exit_code);
void AddRevert(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

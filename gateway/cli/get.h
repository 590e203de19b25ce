// `sluice get`: the objects in force, and where they differ from what their files say. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "config/resource_json.h"

namespace sluice::gateway {

// How to print what /sluice/v1/objects answers; `entries` is its list.
std::string ObjectsTable(const config::Json& entries, bool namespaces);
std::string ObjectsYaml(const config::Json& entries);
// One object alone as it is, several as a List, as kubectl does.
config::Json ObjectsJson(const config::Json& entries);
// A unified diff from what the files say to what runs.
std::string DriftDiff(const config::Json& entries);

void AddGet(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

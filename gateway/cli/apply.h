// `sluice apply`: resources of files to a running gateway, all of them in one revision or none. `sluice delete`: the
// other way. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/loader.h"
#include "config/resource_json.h"

namespace sluice::gateway {

// Every resource of the texts as JSON, lists unfolded; `name_space`, unless empty, is given to those that name none.
// Findings: no resource, broken syntax, the same one twice.
config::Json ReadObjects(const std::vector<config::Source>& sources, const std::string& name_space,
                         config::Findings& findings);

void AddApply(CLI::App& app, int& exit_code);
void AddDelete(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

// `sluice man`: the manual page, made from the same table as --help. Pure text in roff's man macros.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "gateway/cli/verb_table.h"

namespace sluice::gateway {

std::string ManPage(const VerbRow& program);

// `app` is the whole command line and must live until the verb runs.
void AddMan(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

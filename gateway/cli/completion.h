// `sluice completion bash|zsh|fish`: a script that lets the shell complete verbs, options, values and files. Pure text
// from the table of verbs.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "gateway/cli/verb_table.h"

namespace sluice::gateway {

std::string BashCompletion(const VerbRow& program);
std::string ZshCompletion(const VerbRow& program);
std::string FishCompletion(const VerbRow& program);

// `app` is the whole command line and must live until the verb runs.
void AddCompletion(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

// Examples of a verb: its --help ends with them, and the man page shows the same. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <initializer_list>
#include <string_view>

namespace sluice::gateway {

struct Example {
  std::string_view what;     // what it does, in a few words
  std::string_view command;  // as typed
};

// Sets the footer of `verb`: "Examples:", then a line and a command each.
void SetExamples(CLI::App& verb, std::initializer_list<Example> examples);

}  // namespace sluice::gateway

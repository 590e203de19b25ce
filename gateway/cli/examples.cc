#include "gateway/cli/examples.h"

#include <string>

namespace sluice::gateway {

void SetExamples(CLI::App& verb, std::initializer_list<Example> examples) {
  std::string footer = "Examples:";
  for (const Example& example : examples) {
    footer += "\n  # ";
    footer += example.what;
    footer += "\n  ";
    footer += example.command;
  }
  verb.footer(footer);
}

}  // namespace sluice::gateway

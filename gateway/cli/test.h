// `sluice test`: runs RouteTests over a configuration, without a gateway. Reads files, writes at most the report that is
// asked for. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace sluice::gateway {

struct TestOptions {
  std::vector<std::string> files{};   // or directories, of RouteTests
  std::vector<std::string> config{};  // empty: what each RouteTest names, else the directory it lies in
  std::string default_namespace = "default";
  std::string junit{};   // file to write; empty: none
  std::string filter{};  // regex in "suite: name"
  bool json = false;
};

// 0 all passed, 1 one failed or the report could not be written, 64 for a wrong command line, 65 for test files or a
// configuration that cannot be used.
int RunTests(const TestOptions& options);

void AddTest(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

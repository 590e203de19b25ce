// `sluice explain`: why a request is decided as it is, by files or by a running gateway; `--batch` tells the decisions of
// many. Reads files, changes nothing. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/admin_target.h"

namespace sluice::gateway {

struct ExplainOptions {
  std::vector<std::string> paths{};  // of the configuration; empty: a running gateway is asked
  std::string default_namespace = "default";
  AdminOptions server{};
  std::vector<std::string> request{};  // [METHOD] URL
  std::string curl{};                  // one of these four says the request
  std::string log_line{};              // "-": standard input
  std::string batch{};                 // file of one JSON request a line; "-": standard input
  std::vector<std::string> headers{};  // "name: value"
  std::string draw{};
  std::string client_address{}, sni{}, principal{};
  std::uint16_t port = 0;
  bool json = false;
};

// 0; 64 for a wrong command line or question; 65 for a bad configuration, or a request of a batch that cannot be read;
// 69 when no gateway answers.
int RunExplain(const ExplainOptions& options);

void AddExplain(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

// `sluice kubeconfig`: the file that lets kubectl talk to a running gateway, made from its state directory. Reads files,
// changes nothing. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "core/base/result.h"

namespace sluice::gateway {

struct KubeconfigOptions {
  std::string state_directory{};
  std::string server{};  // empty: the address that the gateway has written down
  std::string context = "sluice";
  std::string name_space = "default";
};

// The file's text. An error says what is missing in the state directory and how it comes there.
core::Result<std::string> MakeKubeconfig(const KubeconfigOptions& options);

void AddKubeconfig(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

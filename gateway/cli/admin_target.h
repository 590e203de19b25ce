// Which running gateway a verb talks to, and by what it is let in: options, environment and the files of the gateway's
// state directory, made into one target. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "core/base/result.h"

namespace sluice::gateway {

// As given; empty: not said.
struct AdminOptions {
  std::string server{};      // --server: HOST:PORT, http://HOST:PORT or https://HOST:PORT
  std::string state_dir{};   // --state-dir: where the gateway keeps admin-address, admin-token and admin-ca.crt
  std::string token_file{};  // --token-file
  std::string ca{};          // --ca
  std::string certificate{}, key{};
};

struct AdminTarget {
  std::string host = "127.0.0.1";  // as written; an IPv6 address without its brackets
  std::string port = "15000";
  bool secure = false;
  std::string token{};               // empty: none
  std::string ca{};                  // PEM file; empty: the system's trust
  std::string certificate{}, key{};  // PEM files; empty: none

  std::string Authority() const;
  std::string Url() const { return (secure ? "https://" : "http://") + Authority(); }
};

// Adds --server, --state-dir, --token-file, --ca, --cert and --key to a verb; `options` must live until it has run.
void AddAdminOptions(CLI::App& verb, AdminOptions& options);

// What is not said comes from the state directory, then from the defaults. Reads files.
core::Result<AdminTarget> ResolveTarget(const AdminOptions& options);

}  // namespace sluice::gateway

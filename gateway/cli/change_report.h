// What the verbs that change something have in common: their options, and how they tell what became of the change. Main
// thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "gateway/cli/admin_client.h"

namespace sluice::gateway {

struct ChangeOptions {
  bool dry_run = false;
  std::string message{};
  std::string output = "text";
};

// --dry-run, -m/--message and -o/--output.
void AddChangeOptions(CLI::App& verb, ChangeOptions& options);

// `body` with what the options say, sent to `path`; tells the answer and returns the exit code. `local` are findings of
// the files that the objects came from: they know lines where the gateway knows objects.
int SubmitChange(const AdminOptions& admin, const ChangeOptions& options, const std::string& path, config::Json body,
                 const std::vector<config::Finding>& local = {});

// Objects, summary and revision on stdout; warnings, findings and the error on stderr. 0, 65 when the configuration would
// be bad, 1 when the change was refused for another reason.
int TellChange(const JsonAnswer& answer, const ChangeOptions& options, const std::vector<config::Finding>& local);

}  // namespace sluice::gateway

// `sluice certs init`: a throw-away authority and what it takes to try TLS and mTLS without a mesh, in the layouts that
// `sluice run` reads. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "gateway/runtime/file_set.h"

namespace sluice::gateway {

struct CertsOptions {
  std::string directory;
  std::string trust_domain = "cluster.local";
  std::string name_space = "default";
  std::int64_t days = 30;        // until everything expires, the authority included
  std::vector<std::string> dns;  // further names of the gateway and the model, besides localhost
  bool force = false;            // replace what is there
};

// Every file, nothing written: the authority (ca.crt, ca.key), the workload's own certificate, and the directories
// gateway, client and model. kInvalidArgument for a trust domain, namespace or DNS name that is none.
core::Result<std::vector<NewFile>> MakeCertificates(const CertsOptions& options, std::int64_t unix_seconds);

// Adds the verb to `app`; when it is chosen, `exit_code` receives the result: 0, 1 when files cannot be written, 64.
void AddCerts(CLI::App& app, int& exit_code);

}  // namespace sluice::gateway

// A certificate of our own as the metrics and the admin pages tell of it. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::core {

struct TlsCertificate {
  std::string name;            // of the policy that uses it: a Gateway's server, "workload", a cluster
  bool server = false;         // shown to clients; else to models
  std::int64_t not_after = 0;  // seconds since the epoch; 0: none is shown
  std::string serial;
  std::string principal;  // SPIFFE id, or empty
  std::vector<std::string> files;
  std::uint64_t rotations = 0;
  std::uint64_t failures = 0;  // changes of the files that could not be used
  std::string error;           // of the last one; empty when the files are in use
};

}  // namespace sluice::core

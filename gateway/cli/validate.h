// `sluice validate`: reads a configuration as `run` would and prints every finding. Reads files, changes nothing.
// Main thread of its own process.
#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.h"

namespace sluice::gateway {

inline constexpr int kExitBadConfiguration = 65;
inline constexpr int kExitFindings = 79;

struct ValidateOptions {
  std::vector<std::string> paths;
  std::string default_namespace = "default";
  bool json = false;  // findings as one JSON object on stdout instead of lines on stderr
  // Findings of this severity or above, short of errors, make the exit code kExitFindings.
  config::Severity fail_on = config::Severity::kError;
};

// 0, kExitBadConfiguration when there is an error, kExitFindings as asked by `fail_on` (design.md section 1).
int RunValidate(const ValidateOptions& options);

}  // namespace sluice::gateway

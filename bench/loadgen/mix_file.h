// Reads a mix file: the entries of a load, who asks, how large bodies are and how long a client thinks. The format is
// in README.md; a field nobody knows is an error. Called once at the start; one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/loadgen/request_mix.h"

namespace sluice::bench {

struct MixFile {
  std::vector<RequestKind> kinds;
  std::optional<UserSpec> users;
};

// The error names file and line. What an entry leaves out is taken from `defaults`; its headers come before the
// entry's.
core::Result<MixFile> ReadMixFile(const std::string& path, const RequestParts& defaults, const Target& target);
core::Result<MixFile> ParseMix(std::string_view text, const std::string& path, const RequestParts& defaults,
                               const Target& target);

}  // namespace sluice::bench

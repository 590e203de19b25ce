// One form of a request's path for matching, authorisation, logging and forwarding alike (reliability.md B9,
// istio-reference.md section 5.2). What could be read in two ways is refused. Pure; one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"

namespace sluice::core {

// In the order of Settings::Paths::Normalization.
enum class PathMode : std::uint8_t {
  kNone,                   // unchanged; bytes that are never legal are refused all the same
  kBase,                   // escapes of unreserved bytes decoded, '\' to '/', dot segments resolved
  kMergeSlashes,           // and runs of '/' become one
  kDecodeAndMergeSlashes,  // and %2F, %5C are taken for slashes first; otherwise they are refused
};

enum class PathVerdict : std::uint8_t {
  kOk,
  kNotFound,  // does not start with '/': answer 404
  kBad,       // answer 400, details kPathFaultDetails
};

inline constexpr std::string_view kPathFaultDetails = "path_normalization_failed";

struct NormalizedPath {
  PathVerdict verdict = PathVerdict::kOk;
  std::string_view target;  // path and query; the given view when nothing had to change, else in the arena
};

// `target` is the request's target with its query, which stays as it is but may hold no control byte, no '#' and
// nothing at or above 0x80. `*` is legal for OPTIONS alone.
NormalizedPath NormalizePath(std::string_view method, std::string_view target, PathMode mode, Arena& arena);

}  // namespace sluice::core

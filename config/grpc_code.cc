#include "config/grpc_code.h"

#include <algorithm>
#include <array>

namespace sluice::config {

std::optional<std::uint32_t> GrpcCodeOf(std::string_view name) {
  constexpr std::array<std::string_view, 17> kNames = {
      "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED",
  };
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - kNames.begin());
}

}  // namespace sluice::config

// The grpc-timeout field: how long a gRPC client is ready to wait, counted from its request (gRPC over HTTP/2,
// "Requests"). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/http/head.h"

namespace sluice::core {

// Longer times are read as this one. Eight digits of hours are 11,000 years, the clock ends at 292; this may be added
// to any moment of a running process.
inline constexpr Duration kGrpcTimeoutMax = std::chrono::hours(24 * 365 * 100);

// One to eight digits and a unit of H, M, S, m, u, n; nothing else, no blanks. Empty when malformed.
std::optional<Duration> ParseGrpcTimeout(std::string_view value);

// The text for a time in milliseconds, in the finest unit from m on that takes no more than eight digits; rounded down,
// so that nobody is promised more than there is. Text that is not static lies in `arena`.
std::string_view FormatGrpcTimeout(std::uint64_t milliseconds, Arena& arena);

// What the head of a gRPC request asks for; zero when it is not gRPC, asks for nothing, for zero (which Envoy reads as
// no limit) or for something malformed.
Duration AskedGrpcTimeout(const Head& request);

}  // namespace sluice::core

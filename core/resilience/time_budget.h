// Arithmetic of the route's timeout and the per-try timeout (istio-reference.md section 1.4).
// Durations in nanoseconds; zero means none. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace sluice::core {

struct TimeBudget {
  Duration timeout{0};  // whole exchange, from the moment the request has been received in full
  Duration per_try{0};  // one attempt, from a ready connection to the response head

  // The deadlines in force: a per-try timeout that is not shorter than the timeout is ignored.
  static TimeBudget Effective(Duration timeout, Duration per_try);
};

// What x-envoy-expected-rq-timeout-ms tells the upstream: the smaller of the per-try timeout and
// what is left of the timeout after `elapsed`, in whole milliseconds, at least 1. Empty when
// neither is set.
std::optional<std::uint64_t> ExpectedTimeoutMs(const TimeBudget& budget, Duration elapsed);

// The timeout of a gRPC request: what the client asked for (AskedGrpcTimeout), capped by the route's; a route without a
// timeout does not cap. A client that asked for nothing gets the route's.
Duration GrpcTimeout(Duration asked, Duration route_timeout);

}  // namespace sluice::core

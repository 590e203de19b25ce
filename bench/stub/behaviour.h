// How a stub model server behaves: set by flags, changed live through /__stub/config, overridden by single requests.
// Plain values; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/support/http_message.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace sluice::bench {

// What a request that is to fail meets.
enum class Failure : std::uint8_t {
  kStatus,  // an answer with the failure status
  kReset,   // the connection is reset instead of an answer
  kClose,   // the connection is closed instead of an answer
  kHalf,    // the head and half of the body, then the connection is closed
  kStall,   // never an answer
};

struct Behaviour {
  static constexpr std::uint64_t kBodyMax = 1ULL << 34;  // bytes of an answer; more is refused

  std::string version = "v1";
  std::chrono::microseconds latency{0};      // before every answer
  std::chrono::microseconds jitter{0};       // plus a uniform share of this
  std::chrono::microseconds latency_p99{0};  // when above latency: an exponential tail with this 99th percentile
  std::uint16_t status = 503;                // of a failing answer
  double failure_rate = 0;                   // share of requests that fail, 0 to 1
  std::uint64_t fail_first = 0;              // this many requests fail before any chance is asked
  Failure failure = Failure::kStatus;
  std::uint64_t body_bytes = 0;  // at least this many bytes of body; 0: only what is to be said
};

// Sets the member called `name` (with either '-' or '_'; times such as 5ms, 200us, 1s, or a plain number for names
// that end in _ms). kInvalidArgument when there is no such member or the value does not fit.
core::Status Set(Behaviour& behaviour, std::string_view name, std::string_view value);

// Sets every name=value of an URL query, or nothing at all when one of them is wrong.
core::Status SetAll(Behaviour& behaviour, std::string_view query);

// What one request gets.
struct Reply {
  std::uint16_t status = 200;
  bool fails = false;
  Failure failure = Failure::kStatus;
  bool chunked = false;  // chunked, with a trailer field
  bool echo = false;     // say in the body what was received
  std::chrono::microseconds delay{0};
  std::uint64_t body_bytes = 0;
};

// Draws what the request gets. Its own fields come first: x-stub-status, x-stub-delay-ms, x-stub-body-bytes,
// x-stub-failure (a Failure by name), x-stub-chunked, x-stub-echo.
Reply Decide(Behaviour& behaviour, const MessageReader& request, core::Random& random);

}  // namespace sluice::bench

// What may be tried again, how often and how soon. Plain data plus pure decisions; istio-reference.md section 1.5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/resilience/outcome.h"

namespace sluice::core {

// Bits of RetryPolicy::on, one per retryOn token.
enum class RetryOn : std::uint32_t {
  k5xx = 1u << 0,
  kGatewayError = 1u << 1,
  kReset = 1u << 2,
  kResetBeforeRequest = 1u << 3,
  kConnectFailure = 1u << 4,
  kRefusedStream = 1u << 5,
  kEnvoyRatelimited = 1u << 6,
  kRetriable4xx = 1u << 7,
  kRetriableStatusCodes = 1u << 8,
  kRetriableHeaders = 1u << 9,
  kHttp3PostConnectFailure = 1u << 10,
  kCancelled = 1u << 11,
  kDeadlineExceeded = 1u << 12,
  kInternal = 1u << 13,
  kResourceExhausted = 1u << 14,
  kUnavailable = 1u << 15,
};

struct RetryPolicy {
  std::uint32_t attempts = 2;  // extra tries; 0: off
  std::uint32_t on =
      static_cast<std::uint32_t>(RetryOn::kConnectFailure) | static_cast<std::uint32_t>(RetryOn::kRefusedStream) |
      static_cast<std::uint32_t>(RetryOn::kUnavailable) | static_cast<std::uint32_t>(RetryOn::kCancelled);
  std::vector<std::uint16_t> status_codes;  // with kRetriableStatusCodes
  Duration per_try_timeout{0};              // 0: none
  Duration backoff_base = Milliseconds(25);
  bool avoid_previous_hosts = true;

  bool Has(RetryOn token) const { return (on & static_cast<std::uint32_t>(token)) != 0; }
};

// Parses one retryOn list into `policy.on` and `policy.status_codes`. Istio's validation: no blanks around tokens,
// unknown tokens are errors, numbers must be HTTP status codes. The error names the token and the nearest known one.
Status ParseRetryOn(std::string_view list, RetryPolicy& policy);

// The list that ParseRetryOn would read back: tokens in their order here, then the statuses.
std::string FormatRetryOn(const RetryPolicy& policy);

// Whether the tokens of the policy call for another try after this outcome. Says nothing about attempts left, permits
// or replay: that is RetryState. Never after a byte of an answer was forwarded, never on overflow; an answer with
// x-envoy-ratelimited counts for envoy-ratelimited only.
bool ShouldRetry(const RetryPolicy& policy, const Outcome& outcome);

// 425 under retriable-status-codes: the next try goes without pause.
bool RetriesAtOnce(const RetryPolicy& policy, const Outcome& outcome);

}  // namespace sluice::core

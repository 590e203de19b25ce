// What became of one attempt, as far as it is known when somebody asks: input of the retry decision and of the
// outlier detector. Plain data, filled by the attempt. Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/http/reset_reason.h"

namespace sluice::core {

struct Outcome {
  // Final status from the upstream; 0 when no final head came. Never a status made by ourselves.
  std::uint16_t status = 0;
  // grpc-status found in the response head (a trailers-only answer); -1: none. Trailers are never looked at.
  std::int32_t grpc_status = -1;
  bool grpc = false;  // the request was gRPC: grpc_status is the answer to it, not just a field of that name
  // How the attempt ended early. kTimeout is the per-try or the route deadline.
  std::optional<ResetReason> reset;
  bool request_byte_sent = false;  // a byte of the request went to the upstream
  bool response_started = false;   // a head, 1xx included, was forwarded to the client: nothing can be taken back
  bool ratelimited = false;        // the answer carries x-envoy-ratelimited

  // Connection refused, TLS failure or connectTimeout.
  bool IsConnectFailure() const;
  // A reset that says something about the upstream: connect failure, per-try timeout, remote reset, refusal,
  // termination, protocol error. Not our own doing: overflow, no host, client gone, idle, drain, internal.
  bool IsUpstreamReset() const;
  bool Is5xx() const { return status >= 500 && status <= 599; }
  bool IsGatewayError() const { return status >= 502 && status <= 504; }
};

inline bool Outcome::IsConnectFailure() const {
  return reset == ResetReason::kConnectFailure || reset == ResetReason::kConnectTimeout;
}

inline bool Outcome::IsUpstreamReset() const {
  if (!reset) return false;
  switch (*reset) {
    case ResetReason::kConnectFailure:
    case ResetReason::kConnectTimeout:
    case ResetReason::kConnectionClosed:
    case ResetReason::kConnectionReset:
    case ResetReason::kRemoteReset:
    case ResetReason::kRefused:
    case ResetReason::kProtocolError:
    case ResetReason::kTimeout: return true;
    case ResetReason::kNoUpgrade:
    case ResetReason::kOverflow:
    case ResetReason::kNoHealthyUpstream:
    case ResetReason::kCancelled:
    case ResetReason::kStreamIdle:
    case ResetReason::kDrain:
    case ResetReason::kInternal: return false;
  }
  return false;
}

}  // namespace sluice::core

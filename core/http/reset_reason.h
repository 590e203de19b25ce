// Why a stream ended before its time. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class ResetReason : std::uint8_t {
  // Seen from the peer.
  kConnectFailure,    // connection could not be made; no byte left us
  kConnectTimeout,    // the same, after connectTimeout
  kConnectionClosed,  // orderly close (FIN) in the middle of a message
  kConnectionReset,   // RST on the transport, or a write that failed
  kRemoteReset,       // the stream alone was reset by the peer
  kRefused,           // the peer says it did not process the request (REFUSED_STREAM, GOAWAY)
  kProtocolError,     // the peer broke the protocol; the stream's bytes cannot be trusted
  // Done by us.
  kNoUpgrade,          // the peer's HTTP/2 has no extended CONNECT; nothing was sent
  kOverflow,           // a breaker or queue limit; nothing was sent
  kNoHealthyUpstream,  // no endpoint to try
  kCancelled,          // nobody wants the answer any more
  kTimeout,            // a deadline of ours
  kStreamIdle,         // no byte moved for too long
  kDrain,              // shutting down
  kInternal,
};

// Lower-case name as used in response_code_details, for example "connection_termination".
std::string_view ResetReasonText(ResetReason reason);

}  // namespace sluice::core

#include "core/http/reset_reason.h"

namespace sluice::core {

std::string_view ResetReasonText(ResetReason reason) {
  switch (reason) {
    case ResetReason::kConnectFailure: return "remote_connection_failure";
    case ResetReason::kConnectTimeout: return "connection_timeout";
    case ResetReason::kConnectionClosed: return "connection_termination";
    case ResetReason::kConnectionReset: return "connection_termination";
    case ResetReason::kRemoteReset: return "remote_reset";
    case ResetReason::kRefused: return "remote_refused_stream_reset";
    case ResetReason::kProtocolError: return "protocol_error";
    case ResetReason::kNoUpgrade: return "upgrade_not_supported";
    case ResetReason::kOverflow: return "overflow";
    case ResetReason::kNoHealthyUpstream: return "no_healthy_upstream";
    case ResetReason::kCancelled: return "local_reset";
    case ResetReason::kTimeout: return "timeout";
    case ResetReason::kStreamIdle: return "stream_idle_timeout";
    case ResetReason::kDrain: return "drain";
    case ResetReason::kInternal: return "internal";
  }
  return "internal";
}

}  // namespace sluice::core

// What is special about a gRPC call: its own deadline, the status it ends with.
#include "core/http/grpc_status.h"
#include "gateway/proxy/exchange.h"

namespace sluice::gateway {

// The client counts from its request's head; the route's time-out, which caps this one, begins when the whole request
// is here. A stream that is written for longer than its client wanted is ended all the same.
void Exchange::ArmClientDeadline() {
  if (forward().client_timeout <= core::Duration::zero()) return;
  progress_.client_deadline = true;
  context_.worker.wheel().Arm(route_deadline_, progress_.started + forward().client_timeout);
}

// Trailers have the last word.
void Exchange::NoteGrpcStatus(const core::HeaderMap& fields) {
  if (!progress_.grpc) return;
  if (const std::int32_t status = core::FindGrpcStatus(fields); status >= 0) progress_.grpc_status = status;
}

void Exchange::FillGrpc(core::Record& record) const {
  record.grpc = true;
  record.grpc_status = progress_.grpc_status;
  // A call that was cut, or answered by something that speaks no gRPC, has failed whatever its HTTP status says.
  if (record.grpc_status < 0 && record.response_code != 0) {
    record.grpc_status = static_cast<std::int32_t>(core::GrpcStatusFromHttp(record.response_code));
  }
}

}  // namespace sluice::gateway

// What is special about a gRPC call: its own deadline, the status it ends with, its messages.
#include "core/http/grpc_status.h"
#include "gateway/proxy/exchange.h"

namespace sluice::gateway {

using core::HeaderName;

namespace {

constexpr core::Duration kMessageReportPeriod = core::Seconds(5);  // istio-reference.md section 4.1

}  // namespace

// The client counts from its request's head; the route's time-out, which caps this one, begins when the whole request
// is here. A stream that is written for longer than its client wanted is ended all the same.
void Exchange::ArmClientDeadline() {
  if (forward().client_timeout <= core::Duration::zero()) return;
  progress_.client_deadline = true;
  context_.worker.wheel().Arm(route_deadline_, progress_.started + forward().client_timeout);
}

void Exchange::NoteGrpcHead(const core::Head& head, Flow flow) {
  if (!progress_.grpc) return;
  NoteGrpcStatus(head.headers);
  // Something between us and the model may answer in its place, and not in messages.
  progress_.grpc_answer =
      head.status == 200 && core::IsGrpcContentType(head.headers.Find(HeaderName::kContentType).value_or(""));
  // From here on it is known whose messages they are.
  if (flow == Flow::kMore) {
    context_.worker.wheel().Arm(message_deadline_, context_.worker.now() + kMessageReportPeriod);
  }
}

// Trailers have the last word.
void Exchange::NoteGrpcStatus(const core::HeaderMap& fields) {
  if (!progress_.grpc) return;
  if (const std::int32_t status = core::FindGrpcStatus(fields); status >= 0) progress_.grpc_status = status;
}

void Exchange::CountRequestMessages(std::string_view bytes) {
  if (progress_.grpc) progress_.request_messages.Feed(bytes);
}

void Exchange::CountResponseMessages(std::string_view bytes) {
  if (progress_.grpc_answer) progress_.response_messages.Feed(bytes);
}

// A call may last for days: its messages are not held back until then.
void Exchange::ReportMessages() {
  core::Record running;
  running.snapshot = &*pin_;
  running.cluster = &cluster();
  running.endpoint = endpoint_;
  running.request_messages = progress_.request_messages.Take();
  running.response_messages = progress_.response_messages.Take();
  context_.metrics.OnMessages(running);
  context_.worker.wheel().Arm(message_deadline_, context_.worker.now() + kMessageReportPeriod);
}

void Exchange::FillGrpc(core::Record& record) {
  record.grpc = true;
  record.grpc_status = progress_.grpc_status;
  // A call that was cut, or answered by something that speaks no gRPC, has failed whatever its HTTP status says.
  if (record.grpc_status < 0 && record.response_code != 0) {
    record.grpc_status = static_cast<std::int32_t>(core::GrpcStatusFromHttp(record.response_code));
  }
  record.request_messages = progress_.request_messages.Take();
  record.response_messages = progress_.response_messages.Take();
}

}  // namespace sluice::gateway

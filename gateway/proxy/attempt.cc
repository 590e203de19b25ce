#include "gateway/proxy/attempt.h"

#include <utility>

#include "core/base/check.h"
#include "core/http/grpc_status.h"
#include "core/upstream/outlier_detector.h"
#include "gateway/proxy/exchange.h"
#include "gateway/upstream/pool.h"

namespace sluice::gateway {

using core::ResetReason;

namespace {

void Count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

Attempt::Attempt(Exchange& exchange, Worker& worker)
    : exchange_(exchange),
      worker_(worker),
      lease_({.self = this,
              .on_ready = [](void* self) { static_cast<Attempt*>(self)->OnReady(); },
              .on_failed = [](void* self, ResetReason reason,
                              const std::string& text) { static_cast<Attempt*>(self)->OnLeaseFailed(reason, text); }},
             *this),
      per_try_([](void* self) { static_cast<Attempt*>(self)->OnPerTryTimeout(); }, this) {}

Attempt::~Attempt() { CHECK(!running_); }

void Attempt::Start(ClusterView& view, const core::Endpoint& endpoint, core::Wire client, bool fresh) {
  CHECK(!running_);
  view_ = &view;
  endpoint_ = &endpoint;
  pool_ = &view.PoolFor(endpoint, core::WireTowards(view.cluster(), client));
  outcome_ = core::Outcome{};
  per_try_timeout_ = core::Duration::zero();
  reused_ = request_complete_ = sent_end_ = received_end_ = status_to_come_ = false;
  transport_failure_.clear();
  running_ = true;
  switch (pool_->Acquire(lease_, fresh)) {
    case Pool::Acquired::kHeld: return OnReady();
    case Pool::Acquired::kQueued: return;
    case Pool::Acquired::kOverflow: return OnLeaseFailed(ResetReason::kOverflow, {});
  }
}

void Attempt::OnReady() {
  reused_ = lease_.reused();
  const UpstreamConnection& connection = lease_.connection();
  local_address_ = connection.local_address();
  own_principal_ = connection.own_principal();
  peer_principal_ = connection.peer_identity() == nullptr ? std::string_view() : connection.peer_identity()->name();
  core::OnStreamBound(view_->cluster(), *endpoint_);
  exchange_.OnAttemptReady();
  if (running_) ArmPerTry();
}

void Attempt::OnLeaseFailed(ResetReason reason, const std::string& text) {
  transport_failure_ = text;
  ReportReset(reason);
  Release();
  exchange_.OnAttemptFailed(reason);
}

void Attempt::RequestComplete(core::Duration per_try_timeout) {
  request_complete_ = true;
  per_try_timeout_ = per_try_timeout;
  ArmPerTry();
}

// Connection wait is not counted, nor is the time in which the client is still sending (section 1.4).
void Attempt::ArmPerTry() {
  if (!open() || !request_complete_ || outcome_.status != 0) return;
  if (per_try_timeout_ <= core::Duration::zero() || per_try_.armed()) return;
  worker_.wheel().Arm(per_try_, worker_.now() + per_try_timeout_);
}

void Attempt::OnPerTryTimeout() {
  Count(view_->cluster().state->counters.upstream_rq_per_try_timeout);
  TimeOut();
  exchange_.OnAttemptFailed(ResetReason::kTimeout);
}

void Attempt::TimeOut() {
  Count(endpoint_->state->requests_timeout);
  // Charged only when the endpoint had the request: waiting in our own queue is not its fault.
  if (lease_.held() && outcome_.status == 0) ReportReset(ResetReason::kTimeout);
  Cancel(ResetReason::kTimeout);
  outcome_.reset = ResetReason::kTimeout;
}

void Attempt::Cancel(ResetReason reason) {
  if (!running_) return;
  if (lease_.held() && !(sent_end_ && received_end_)) {
    Count(view_->cluster().state->counters.upstream_rq_tx_reset);
    lease_.stream().Reset(reason);
  }
  Release();
}

void Attempt::SentEnd() {
  sent_end_ = true;
  if (running_ && received_end_) Release();
}

void Attempt::ReceivedEnd() {
  received_end_ = true;
  if (std::exchange(status_to_come_, false)) Count(endpoint_->state->requests_error);
  worker_.wheel().Disarm(per_try_);
  if (sent_end_) Release();
}

void Attempt::Release() {
  worker_.wheel().Disarm(per_try_);
  running_ = false;
  pool_->Finish(lease_);
}

void Attempt::Forget() {
  CHECK(!running_);
  view_ = nullptr;
  endpoint_ = nullptr;
  pool_ = nullptr;
  transport_failure_.clear();
  local_address_.clear();
  own_principal_.clear();
  peer_principal_.clear();
}

core::Arena& Attempt::HeadArena() { return exchange_.HeadArena(); }

void Attempt::OnHead(core::Head head, Flow flow) {
  if (head.is_informational()) return exchange_.OnUpstreamHead(std::move(head), flow);
  worker_.wheel().Disarm(per_try_);
  outcome_.status = head.status;
  outcome_.ratelimited = head.headers.Has(core::HeaderName::kXEnvoyRatelimited);
  outcome_.grpc = exchange_.grpc();
  outcome_.grpc_status = core::FindGrpcStatus(head.headers);
  // A gRPC server says with its last words whether the call went well.
  status_to_come_ = outcome_.grpc && outcome_.status == 200 && outcome_.grpc_status < 0;
  if (!status_to_come_) CountAnswer(outcome_.grpc_status);
  ReportOutcome();
  if (flow == Flow::kEnd) ReceivedEnd();
  exchange_.OnUpstreamHead(std::move(head), flow);
}

void Attempt::OnBody(core::Slice bytes, Flow flow) {
  // The stream dies with the last byte when everything was sent: the pool gets it back before the client gets the end.
  if (flow == Flow::kEnd) ReceivedEnd();
  exchange_.OnUpstreamBody(std::move(bytes), flow);
}

void Attempt::OnTrailers(core::HeaderMap trailers) {
  const std::int32_t status = status_to_come_ ? core::FindGrpcStatus(trailers) : -1;
  if (status >= 0) {
    status_to_come_ = false;
    CountAnswer(status);
  }
  ReceivedEnd();
  exchange_.OnUpstreamTrailers(std::move(trailers));
}

void Attempt::OnRoom() { exchange_.OnUpstreamRoom(); }

void Attempt::OnReset(ResetReason reason) {
  Count(view_->cluster().state->counters.upstream_rq_rx_reset);
  ReportReset(reason);
  Release();
  exchange_.OnAttemptFailed(reason);
}

// Into what the endpoint is shown with; outlier detection looks at heads only and is told apart.
void Attempt::CountAnswer(std::int32_t grpc_status) {
  const bool by_grpc = outcome_.grpc && grpc_status >= 0;
  const bool error = by_grpc ? core::HttpFromGrpcStatus(grpc_status) >= 500 : outcome_.Is5xx();
  Count(error ? endpoint_->state->requests_error : endpoint_->state->requests_success);
}

void Attempt::ReportReset(ResetReason reason) {
  outcome_.reset = reason;
  // A stale pooled connection is nobody's failure: the exchange tries once more on a fresh one, unseen.
  if (exchange_.WillRetryStale(reason)) return;
  if (outcome_.IsUpstreamReset()) Count(endpoint_->state->requests_error);
  ReportOutcome();
}

// An ejected endpoint's connections are drained: here at once, on other workers at their next tick.
void Attempt::ReportOutcome() {
  const bool ejected = core::OnOutcome(view_->cluster(), *endpoint_, outcome_, worker_.now());
  if (ejected) pool_->DrainConnections();
}

}  // namespace sluice::gateway

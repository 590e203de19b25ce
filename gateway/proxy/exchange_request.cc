// The half of an exchange that faces the model: attempts, the request's body, retries, mirrors.
#include <algorithm>

#include "core/http/grpc_timeout.h"
#include "core/resilience/time_budget.h"
#include "gateway/proxy/decimal_text.h"
#include "gateway/proxy/exchange.h"
#include "gateway/proxy/mirror_attempt.h"
#include "gateway/proxy/proxy_session.h"

namespace sluice::gateway {

using core::HeaderName;
using core::ResetReason;
using core::ResponseFlag;

void Exchange::StartForward() {
  const core::ForwardPlan& plan = forward();
  MoveTo(ExchangeState::kTrying);
  retry_.emplace(*plan.retry, cluster());
  ArmClientDeadline();
  PrepareUpstreamHead();
  if (asks_tunnel()) PrepareTunnel();
  if (clock_runs()) ArmTimeouts();
  StartAttempt(false);
}

// The request's head becomes the one sent upstream; what the log needs of the original is kept in original_path_.
void Exchange::PrepareUpstreamHead() {
  const core::ForwardPlan& plan = forward();
  request_.path = plan.path;
  request_.authority = plan.authority;
  core::ApplyRequestHeaders(plan_, request_, plan_input(), arena_);
}

// Everything from the client is here: the route time-out begins (section 1.4), unless the client's own ends sooner.
void Exchange::RequestEnded() {
  if (!progress_.request_complete) {
    progress_.request_complete = true;
    progress_.request_done_at = context_.worker.now();
  }
  if (retry_ && !progress_.tunnel) ArmTimeouts();  // else not forwarded yet: StartForward does it
}

void Exchange::ArmTimeouts() {
  const core::Duration timeout = forward().timeout;
  const core::TimePoint end = context_.worker.now() + timeout;
  if (timeout > core::Duration::zero() &&
      (!route_deadline_.armed() || (progress_.client_deadline && end <= route_deadline_.when()))) {
    progress_.client_deadline = false;
    context_.worker.wheel().Arm(route_deadline_, end);
  }
  if (attempt_.running()) attempt_.RequestComplete(Budget().per_try);
}

core::TimeBudget Exchange::Budget() const {
  const core::Duration timeout = core::GrpcTimeout(forward().client_timeout, forward().timeout);
  return core::TimeBudget::Effective(timeout, forward().retry->per_try_timeout);
}

// What this try may take goes with it (section 1.4); a gRPC server is told in its own words too.
void Exchange::TellTimeLeft() {
  const core::TimeBudget budget = Budget();
  core::Duration left = budget.timeout;
  if (route_deadline_.armed()) left = std::min(left, route_deadline_.when() - context_.worker.now());
  const auto expected = core::ExpectedTimeoutMs(budget, budget.timeout - left);
  if (!expected) return;
  request_.headers.Set(HeaderName::kXEnvoyExpectedRqTimeoutMs, DecimalText(*expected, arena_));
  if (progress_.grpc) request_.headers.Set(HeaderName::kGrpcTimeout, core::FormatGrpcTimeout(*expected, arena_));
}

void Exchange::StartAttempt(bool fresh) {
  if (state_ == ExchangeState::kBackingOff) MoveTo(ExchangeState::kTrying);
  if (attempt_.running()) attempt_.Cancel(ResetReason::kCancelled);
  ClusterView& view = context_.upstreams.View(*pin_.local(), forward().cluster);
  core::PickContext pick{.random = context_.worker.random(),
                         .now = context_.worker.now(),
                         .hash = forward().has_hash ? std::optional(forward().hash) : std::nullopt,
                         .tried = retry_->tried()};
  // A stale connection is replaced on the same endpoint; everything else asks the balancer.
  const core::Endpoint* endpoint = fresh ? endpoint_ : view.balancer().Pick(pick);
  if (endpoint == nullptr) return ReplyNoEndpoint();
  endpoint_ = endpoint;
  if (!fresh) {
    retry_->Remember(*endpoint);
    if (++progress_.attempts == 1) StartMirrors();
  }
  request_.headers.Set(HeaderName::kXEnvoyAttemptCount, DecimalText(progress_.attempts, arena_));
  TellTimeLeft();
  progress_.request_sent = progress_.upstream_full = false;
  progress_.attempt_sent_bytes = 0;
  cursor_ = {};
  attempt_.Start(view, *endpoint, request_.wire, fresh);
  if (attempt_.running() && clock_runs()) {
    attempt_.RequestComplete(Budget().per_try);
  }
}

void Exchange::OnAttemptReady() {
  const bool bodiless =
      progress_.request_complete && progress_.request_body_bytes == 0 && !progress_.request_trailers && !asks_tunnel();
  attempt_.outcome().request_byte_sent = true;
  attempt_.stream().SendHead(request_, bodiless ? Flow::kEnd : Flow::kMore);
  if (bodiless) {
    progress_.request_sent = true;
    attempt_.SentEnd();
    return;
  }
  PumpRequest();
}

// The next piece of the body for the current attempt: from the replay buffer while another try is possible, else from
// what waits. Empty when it has caught up with the client.
core::Slice Exchange::NextPiece() {
  if (replaying_) return replay_->Read(cursor_);
  return pending_.empty() ? core::Slice() : pending_.PopFront();
}

bool Exchange::CaughtUp() const { return replaying_ ? replay_->AtEnd(cursor_) : pending_.empty(); }

// Takes bytes from the client into the replay buffer, or only queues them once replay is out of the question.
void Exchange::Keep(core::Slice bytes) {
  if (replaying_) {
    if (replay_->bytes() + bytes.size() <= replay_limit_) {
      replay_->Append(std::move(bytes));
      return;
    }
    context_.metrics.downstream().replay_overflow.Add();
    // The try that read the beginning is gone, and the next one would get the rest for the whole (section 5.4).
    if (state_ == ExchangeState::kBackingOff) return ReplyReplayOverflow();
    StopReplay();
    progress_.replay_abandoned = true;
    if (retry_) retry_->Abandon();
  }
  pending_.Append(std::move(bytes));
}

// No further attempt can come: what the current one has not read yet moves to the plain queue, the rest is given back.
void Exchange::StopReplay() {
  if (!replaying_) return;
  for (core::Slice piece = replay_->Read(cursor_); !piece.empty(); piece = replay_->Read(cursor_)) {
    pending_.Append(std::move(piece));
  }
  replaying_ = false;
  replay_->Release();
}

// Moves what is there of the body to the attempt, for as long as it takes more; credit goes back to the client only for
// bytes that left, so a model that reads slowly slows its own client and nobody's memory grows.
void Exchange::PumpRequest() {
  if (!attempt_.open() || progress_.request_sent) return;
  if (asks_tunnel() && !progress_.tunnel) return;  // not a byte before the model has agreed (reliability.md B10)
  while (!progress_.upstream_full && !CaughtUp()) {
    core::Slice piece = NextPiece();
    progress_.attempt_sent_bytes += piece.size();
    const bool last = progress_.request_complete && !progress_.request_trailers && CaughtUp();
    const Room room = attempt_.stream().SendBody(std::move(piece), last ? Flow::kEnd : Flow::kMore);
    CreditClient();
    if (last) return SentRequest();
    progress_.upstream_full = room == Room::kFull;
  }
  if (!progress_.request_complete || !CaughtUp()) return;
  if (progress_.request_trailers) {
    attempt_.stream().SendTrailers(request_trailers_);
  } else {
    attempt_.stream().SendBody(core::Slice(), Flow::kEnd);  // the client said the end after the last byte
  }
  SentRequest();
}

void Exchange::OnUpstreamRoom() {
  progress_.upstream_full = false;
  PumpRequest();
}

void Exchange::SentRequest() {
  progress_.request_sent = true;
  attempt_.SentEnd();
  if (progress_.tunnel && progress_.response_ended) Complete();
}

// A second attempt sends bytes again that were credited already.
void Exchange::CreditClient() {
  if (progress_.attempt_sent_bytes <= progress_.credited_bytes) return;
  const std::uint64_t credit = progress_.attempt_sent_bytes - progress_.credited_bytes;
  progress_.credited_bytes = progress_.attempt_sent_bytes;
  if (!progress_.request_complete) downstream_->Consumed(credit);
}

void Exchange::OnBody(core::Slice bytes, Flow flow) {
  if (state_ == ExchangeState::kDone) return DropRequestBytes(bytes.size(), flow == Flow::kEnd);
  Touch();
  const std::size_t size = bytes.size();
  progress_.request_body_bytes += size;
  CountRequestMessages(bytes.view());
  FeedMirrors(bytes, flow);
  if (size > 0) Keep(std::move(bytes));
  if (state_ == ExchangeState::kDone) return DropRequestBytes(size, flow == Flow::kEnd);  // Keep had to answer
  if (flow == Flow::kEnd) RequestEnded();
  PumpRequest();
}

void Exchange::FeedMirrors(const core::Slice& bytes, Flow flow) {
  for (std::uint32_t i = 0; i < progress_.mirrors; ++i) {
    if (mirrors_[i] != nullptr) mirrors_[i]->OnPrimaryBody(bytes, flow);
  }
}

void Exchange::OnTrailers(core::HeaderMap trailers) {
  if (state_ == ExchangeState::kDone) return DropRequestBytes(0, true);
  Touch();
  request_trailers_ = std::move(trailers);
  progress_.request_trailers = true;
  FeedMirrors(core::Slice(), Flow::kEnd);  // trailers are not mirrored
  RequestEnded();
  PumpRequest();
}

// --- Failures of an attempt, and what follows -----------------------------------------------------------------------

bool Exchange::WillRetryStale(ResetReason reason) const {
  return (reason == ResetReason::kConnectionClosed || reason == ResetReason::kConnectionReset) && attempt_.reused() &&
         attempt_.outcome().status == 0 && !progress_.stale_retry_used && !progress_.interim_sent &&
         !progress_.response_started && state_ == ExchangeState::kTrying &&
         (replaying_ || asks_tunnel() || progress_.request_body_bytes == 0);
}

// An endpoint may close an idle connection in the instant we use it. If not one byte came back and the request can be
// replayed, one fresh connection is tried, invisible to client, counters and retry policy (reliability.md F5).
bool Exchange::RetryStale(ResetReason reason) {
  if (!WillRetryStale(reason)) return false;
  progress_.stale_retry_used = true;
  StartAttempt(true);
  return true;
}

void Exchange::OnAttemptFailed(ResetReason reason) {
  if (state_ == ExchangeState::kDone || state_ == ExchangeState::kBackingOff) return;  // the latter: it is superseded
  if (progress_.response_ended) return AbandonTunnel();
  if (progress_.response_started) {
    // The head is out: the client can only be shown a cut (F7).
    const bool closed = reason == ResetReason::kConnectionClosed;
    flags_.Set(reason == ResetReason::kProtocolError ? ResponseFlag::kUPE
               : closed                              ? ResponseFlag::kUC
                                                     : ResponseFlag::kUR);
    details_ = arena_.Concat("upstream_reset_after_response_started{", core::ResetReasonText(reason), "}");
    CutClient(reason);
    return Complete();
  }
  if (RetryStale(reason)) return;
  attempt_.outcome().reset = reason;
  attempt_.outcome().response_started = progress_.interim_sent;
  if (TryAgain()) return;
  FailWith(reason);
}

// Asks the retry policy about the attempt that has just ended; true when another one will follow.
bool Exchange::TryAgain() {
  const core::RetryVerdict verdict = retry_->Decide(attempt_.outcome(), context_.worker.random());
  switch (verdict.kind) {
    case core::RetryVerdict::Kind::kNo: return false;
    case core::RetryVerdict::Kind::kOverflow: flags_.Set(ResponseFlag::kUO); return false;
    case core::RetryVerdict::Kind::kLimitExceeded: flags_.Set(ResponseFlag::kURX); return false;
    case core::RetryVerdict::Kind::kRetryAfter: Retry(verdict.delay); return true;
  }
  return false;
}

void Exchange::Retry(core::Duration delay) {
  // The rest of an answer to a whole request may come while we wait: its connection then serves others, and a server that
  // counts resets has none to count. StartAttempt ends what still comes by then.
  if (attempt_.running() && !progress_.request_sent) attempt_.Cancel(ResetReason::kCancelled);
  MoveTo(ExchangeState::kBackingOff);
  // Even a zero delay goes through the wheel: the failed attempt may still be on the call stack.
  context_.worker.wheel().Arm(delay_deadline_, context_.worker.now() + delay);
}

void Exchange::StartMirrors() {
  if (asks_tunnel()) return;  // there is no second one to talk to
  const core::ForwardPlan& plan = forward();
  for (std::uint32_t i = 0; i < plan.mirror_count; ++i) {
    MirrorAttempt* mirror = MirrorAttempt::Start(context_, *this, *plan.mirrors[i]);
    if (mirror != nullptr) mirrors_[progress_.mirrors++] = mirror;
  }
}

void Exchange::ForgetMirror(const MirrorAttempt& mirror) {
  for (MirrorAttempt*& known : mirrors_) {
    if (known == &mirror) known = nullptr;
  }
}

}  // namespace sluice::gateway

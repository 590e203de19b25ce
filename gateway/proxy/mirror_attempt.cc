#include "gateway/proxy/mirror_attempt.h"

#include "core/base/check.h"
#include "gateway/proxy/exchange.h"
#include "gateway/upstream/pool.h"

namespace sluice::gateway {

using core::HeaderName;
using core::ResetReason;

namespace {

void Count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

MirrorAttempt::MirrorAttempt(ExchangeContext& context)
    : context_(context),
      lease_({.self = this,
              .on_ready = [](void* self) { static_cast<MirrorAttempt*>(self)->OnReady(); },
              .on_failed = [](void* self, ResetReason,
                              const std::string&) { static_cast<MirrorAttempt*>(self)->Finish(false); }},
             *this),
      request_(arena_),
      deadline_([](void* self) { static_cast<MirrorAttempt*>(self)->GiveUp(ResetReason::kTimeout); }, this),
      retire_([](void* self) { static_cast<MirrorAttempt*>(self)->Recycle(); }, this) {}

MirrorAttempt::~MirrorAttempt() { CHECK(!active_); }

MirrorAttempt* MirrorAttempt::Start(ExchangeContext& context, Exchange& primary, const core::Mirror& mirror) {
  if (!mirror.cluster.valid()) return nullptr;
  MirrorAttempt* copy = context.mirrors.Take(context);
  if (copy->Begin(primary, mirror)) return copy->active_ ? copy : nullptr;
  context.mirrors.Return(copy);
  return nullptr;
}

// False when the copy was dropped before anything was claimed.
bool MirrorAttempt::Begin(Exchange& primary, const core::Mirror& mirror) {
  pin_ = primary.pin_;
  ClusterView& view = context_.upstreams.View(*pin_.local(), mirror.cluster);
  cluster_ = &view.cluster();
  core::ClusterState::Counters& counters = cluster_->state->counters;
  const core::Settings::Limits& limits = pin_->settings.limits;
  const bool too_large = primary.request_.content_length.value_or(0) > limits.mirror_body;
  const core::Endpoint* endpoint = nullptr;
  if (!too_large && cluster_->state->mirrors_in_flight.TryAcquire(limits.mirrors_in_flight)) {
    endpoint = view.balancer().Pick({.random = context_.worker.random(), .now = context_.worker.now(), .hash = {}});
    if (endpoint == nullptr) cluster_->state->mirrors_in_flight.Release();
  }
  if (endpoint == nullptr) {
    Count(counters.mirror_dropped);
    if (too_large) context_.metrics.downstream().mirror_body_overflow.Add();
    pin_ = SnapshotPin();
    return false;
  }
  Count(counters.mirror_total);
  primary_ = &primary;
  active_ = true;
  success_ = request_complete_ = sent_end_ = received_end_ = false;
  body_next_ = 0;
  body_bytes_ = 0;
  CopyHead(primary.request_, primary.client_address_);
  if (primary.replaying_) {
    core::ReplayBuffer::Cursor cursor;
    for (core::Slice piece = primary.replay_->Read(cursor); !piece.empty(); piece = primary.replay_->Read(cursor)) {
      OnPrimaryBody(piece, Flow::kMore);
    }
  }
  request_complete_ = primary.progress_.request_complete;
  const core::Duration timeout =
      primary.forward().timeout > core::Duration::zero() ? primary.forward().timeout : pin_->settings.timeouts.mirror;
  context_.worker.wheel().Arm(deadline_, context_.worker.now() + timeout);
  pool_ = &view.PoolFor(*endpoint, core::WireTowards(view.cluster(), primary.request_.wire));
  switch (pool_->Acquire(lease_, false)) {
    case Pool::Acquired::kHeld: OnReady(); break;
    case Pool::Acquired::kQueued: break;
    case Pool::Acquired::kOverflow: Finish(false); break;
  }
  return true;
}

void MirrorAttempt::CopyHead(const core::Head& head, std::string_view) {
  request_.method = arena_.Copy(head.method);
  request_.scheme = arena_.Copy(head.scheme);
  request_.authority = arena_.Copy(head.authority);  // no -shadow suffix (design.md section 3)
  request_.path = arena_.Copy(head.path);
  request_.content_length = head.content_length;
  request_.headers.CopyFrom(head.headers);
  request_.headers.Remove(HeaderName::kExpect);  // nobody waits for a 100 here
  request_.headers.Remove(HeaderName::kXEnvoyExpectedRqTimeoutMs);
  request_.headers.Set(HeaderName::kXSluiceMirror, "true");
}

void MirrorAttempt::OnReady() {
  const bool bodiless = request_complete_ && body_bytes_ == 0;
  lease_.stream().SendHead(request_, bodiless ? Flow::kEnd : Flow::kMore);
  if (bodiless) {
    sent_end_ = true;
    return;
  }
  Pump();
}

void MirrorAttempt::OnPrimaryBody(const core::Slice& bytes, Flow flow) {
  if (!active_) return;
  body_bytes_ += bytes.size();
  if (body_bytes_ > pin_->settings.limits.mirror_body) {
    context_.metrics.downstream().mirror_body_overflow.Add();
    Count(cluster_->state->counters.mirror_dropped);
    return GiveUp(ResetReason::kCancelled);
  }
  if (!bytes.empty()) body_.push_back(bytes);
  if (flow == Flow::kEnd) request_complete_ = true;
  Pump();
}

// The whole body is bounded by limits.mirror_body, so what the mirrored server does not take yet may wait here.
void MirrorAttempt::Pump() {
  if (!lease_.held() || sent_end_) return;
  while (body_next_ < body_.size()) {
    const bool last = request_complete_ && body_next_ + 1 == body_.size();
    const Room room = lease_.stream().SendBody(std::move(body_[body_next_++]), last ? Flow::kEnd : Flow::kMore);
    if (last) {
      sent_end_ = true;
      if (received_end_) Finish(success_);
      return;
    }
    if (room == Room::kFull) return;
  }
  if (request_complete_ && !sent_end_) {
    lease_.stream().SendBody(core::Slice(), Flow::kEnd);
    sent_end_ = true;
    if (received_end_) Finish(success_);
  }
}

void MirrorAttempt::PrimaryGone() {
  primary_ = nullptr;
  if (active_ && !request_complete_) GiveUp(ResetReason::kCancelled);
}

void MirrorAttempt::OnHead(core::Head head, Flow flow) {
  if (head.is_informational()) return;
  success_ = head.status < 500;
  if (flow == Flow::kEnd) OnTrailers(core::HeaderMap(arena_));
}

void MirrorAttempt::OnBody(core::Slice bytes, Flow flow) {
  if (flow == Flow::kEnd) return OnTrailers(core::HeaderMap(arena_));
  lease_.stream().Consumed(bytes.size());
}

void MirrorAttempt::OnTrailers(core::HeaderMap) {
  received_end_ = true;
  if (sent_end_) return Finish(success_);
  GiveUp(ResetReason::kCancelled);  // answered before the copy was sent: the connection cannot be used again
}

void MirrorAttempt::OnRoom() { Pump(); }

void MirrorAttempt::OnReset(ResetReason) { Finish(false); }

void MirrorAttempt::GiveUp(ResetReason reason) {
  if (!active_) return;
  if (lease_.held()) lease_.stream().Reset(reason);
  Finish(received_end_ && success_);
}

void MirrorAttempt::Finish(bool success) {
  if (!active_) return;
  active_ = false;
  context_.worker.wheel().Disarm(deadline_);
  pool_->Finish(lease_);
  Count(success ? cluster_->state->counters.mirror_success : cluster_->state->counters.mirror_failure);
  cluster_->state->mirrors_in_flight.Release();
  if (primary_ != nullptr) primary_->ForgetMirror(*this);
  primary_ = nullptr;
  context_.worker.Retire(retire_);
}

void MirrorAttempt::Recycle() {
  retire_.Renew();
  body_.clear();
  request_ = core::Head(arena_);
  arena_.Reset();
  pool_ = nullptr;
  cluster_ = nullptr;
  pin_ = SnapshotPin();
  context_.mirrors.Return(this);
}

}  // namespace sluice::gateway

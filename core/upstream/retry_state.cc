#include "core/upstream/retry_state.h"

#include <algorithm>
#include <atomic>

#include "core/base/check.h"

namespace sluice::core {
namespace {

void Count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint32_t RetryLimit(const Cluster& cluster) {
  if (!cluster.retry_budget) return cluster.pool.max_retries;
  const double open =
      static_cast<double>(cluster.state->requests.in_use()) + static_cast<double>(cluster.state->pending.in_use());
  const double allowed = std::min(cluster.retry_budget->percent / 100 * open, 4e9);
  return std::max(static_cast<std::uint32_t>(allowed), cluster.retry_budget->min_concurrency);
}

RetryState::RetryState(const RetryPolicy& policy, const Cluster& cluster)
    : policy_(&policy), cluster_(&cluster), backoff_(policy.backoff_base), attempts_left_(policy.attempts) {
  DCHECK(cluster.state != nullptr);
}

RetryState::~RetryState() { ReleasePermit(); }

void RetryState::ReleasePermit() {
  if (!permit_held_) return;
  cluster_->state->retries.Release();
  permit_held_ = false;
}

RetryVerdict RetryState::Decide(const Outcome& outcome, Random& random) {
  ClusterState::Counters& counters = cluster_->state->counters;
  const bool after_retry = permit_held_;
  ReleasePermit();
  // Off, or given up: the outcome is passed on without a retry flag.
  if (policy_->attempts == 0 || (attempts_left_ == 0 && retries_made_ < policy_->attempts)) return {};
  if (!ShouldRetry(*policy_, outcome)) {
    if (after_retry && !outcome.reset && outcome.status != 0) Count(counters.upstream_rq_retry_success);
    return {};
  }
  if (attempts_left_ == 0) {
    Count(counters.upstream_rq_retry_limit_exceeded);
    return {RetryVerdict::Kind::kLimitExceeded, Duration{0}};
  }
  if (!cluster_->state->retries.TryAcquire(RetryLimit(*cluster_))) {
    Count(counters.upstream_rq_retry_overflow);
    return {RetryVerdict::Kind::kOverflow, Duration{0}};
  }
  permit_held_ = true;
  --attempts_left_;
  ++retries_made_;
  Count(counters.upstream_rq_retry);
  if (RetriesAtOnce(*policy_, outcome)) return {RetryVerdict::Kind::kRetryAfter, Duration{0}};
  Count(counters.upstream_rq_retry_backoff_exponential);
  return {RetryVerdict::Kind::kRetryAfter, backoff_.Next(random)};
}

void RetryState::Abandon() {
  if (attempts_left_ == 0) return;
  attempts_left_ = 0;
  Count(cluster_->state->counters.retry_or_shadow_abandoned);
}

void RetryState::Remember(const Endpoint& endpoint) {
  if (!policy_->avoid_previous_hosts) return;
  tried_[tried_next_] = &endpoint;
  tried_next_ = (tried_next_ + 1) % kTriedMax;
  tried_size_ = std::min(tried_size_ + 1, kTriedMax);
}

}  // namespace sluice::core

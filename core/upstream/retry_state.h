// How far the retries of one exchange have come: tries left, pause, the cluster's retry permit, hosts already tried.
// Owned by the exchange, which pins the snapshot that policy, cluster and endpoints live in. One thread; the permits
// behind it are shared by all workers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/resilience/backoff.h"
#include "core/resilience/outcome.h"
#include "core/resilience/retry_policy.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

// Concurrent retries the cluster allows now: the budget when there is one, else max_retries (section 1.5).
std::uint32_t RetryLimit(const Cluster& cluster);

struct RetryVerdict {
  enum class Kind : std::uint8_t {
    kNo,             // pass the outcome on
    kRetryAfter,     // try again after `delay`, possibly zero
    kOverflow,       // retriable, but max_retries or the budget is full: flag UO
    kLimitExceeded,  // retriable, but the tries are used up: flag URX
  };
  Kind kind = Kind::kNo;
  Duration delay{0};
};

class RetryState {
 public:
  // `policy` and `cluster` outlive the state.
  RetryState(const RetryPolicy& policy, const Cluster& cluster);
  RetryState(const RetryState&) = delete;
  RetryState& operator=(const RetryState&) = delete;
  ~RetryState();  // gives the permit back

  // Call once per finished attempt, when nothing of an answer was forwarded yet: at its final head or its reset. Not
  // after the route deadline fired or the client left. kRetryAfter holds a retry permit until the next call or the
  // end of the state, so a retry is counted while it waits and while it runs. Writes the upstream_rq_retry* counters.
  RetryVerdict Decide(const Outcome& outcome, Random& random);

  // The body outgrew the replay buffer: no retries any more, the request goes on (retry_or_shadow_abandoned).
  void Abandon();

  // Whether another try could follow, hence whether the body must be kept for replay.
  bool possible() const { return attempts_left_ > 0; }
  std::uint32_t retries_made() const { return retries_made_; }

  // Remembers a host that was tried; the balancer avoids `tried()`, which is empty when the policy does not ask for
  // avoidance. Keeps the latest kTriedMax.
  static constexpr std::size_t kTriedMax = 8;
  void Remember(const Endpoint& endpoint);
  std::span<const Endpoint* const> tried() const { return {tried_.data(), tried_size_}; }

 private:
  void ReleasePermit();

  const RetryPolicy* policy_;
  const Cluster* cluster_;
  Backoff backoff_;
  std::uint32_t attempts_left_;
  std::uint32_t retries_made_ = 0;
  bool permit_held_ = false;
  std::array<const Endpoint*, kTriedMax> tried_{};
  std::size_t tried_size_ = 0;
  std::size_t tried_next_ = 0;
};

}  // namespace sluice::core

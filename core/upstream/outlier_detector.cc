#include "core/upstream/outlier_detector.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "core/http/grpc_status.h"

namespace sluice::core {
namespace {

constexpr Duration kExponentialHoldMax = Seconds(600);
constexpr Duration kLinearHoldMax = Seconds(300);

// What an outcome means for the consecutive counters.
enum class Verdict : std::uint8_t { kNothing, kSuccess, kServerError, kGatewayError, kLocalFailure };

Verdict OfStatus(std::uint32_t status) {
  if (status < 500) return Verdict::kSuccess;
  return status >= 502 && status <= 504 ? Verdict::kGatewayError : Verdict::kServerError;
}

Verdict Judge(const OutlierPolicy& policy, const Outcome& outcome) {
  if (outcome.reset) {
    if (!outcome.IsUpstreamReset()) return Verdict::kNothing;
    // A deadline that fires after the head says nothing new about the host: it had answered.
    if (outcome.reset == ResetReason::kTimeout && outcome.status != 0) return Verdict::kNothing;
    // Time-outs count as 504, everything else as 503: gateway errors both.
    return policy.split_local_origin ? Verdict::kLocalFailure : Verdict::kGatewayError;
  }
  if (outcome.status == 0) return Verdict::kNothing;
  std::uint32_t status = outcome.status;
  if (outcome.grpc && outcome.grpc_status >= 0) status = HttpFromGrpcStatus(outcome.grpc_status);
  if (policy.error_codes.empty()) return OfStatus(status);
  const bool listed = std::ranges::find(policy.error_codes, status) != policy.error_codes.end();
  return listed ? OfStatus(std::max(status, 500u)) : Verdict::kSuccess;
}

void Add(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// The counters of one kind of trigger.
struct Trigger {
  std::uint32_t threshold;
  std::uint32_t EndpointState::Outlier::* run;
  std::atomic<std::uint64_t> ClusterState::Counters::* detected;
  std::atomic<std::uint64_t> ClusterState::Counters::* enforced;
};

Trigger On5xx(const OutlierPolicy& policy) {
  return {policy.consecutive_5xx, &EndpointState::Outlier::consecutive_5xx,
          &ClusterState::Counters::ejections_detected_consecutive_5xx,
          &ClusterState::Counters::ejections_enforced_consecutive_5xx};
}

Trigger OnGateway(const OutlierPolicy& policy) {
  return {policy.consecutive_gateway_errors, &EndpointState::Outlier::consecutive_gateway,
          &ClusterState::Counters::ejections_detected_consecutive_gateway_failure,
          &ClusterState::Counters::ejections_enforced_consecutive_gateway_failure};
}

Trigger OnLocal(const OutlierPolicy& policy) {
  return {policy.consecutive_local_failures, &EndpointState::Outlier::consecutive_local,
          &ClusterState::Counters::ejections_detected_consecutive_local_origin_failure,
          &ClusterState::Counters::ejections_enforced_consecutive_local_origin_failure};
}

Duration HoldMax(const OutlierPolicy& policy) {
  const bool linear = policy.backoff == OutlierPolicy::Backoff::kLinear;
  return std::max(linear ? kLinearHoldMax : kExponentialHoldMax, policy.base_ejection_time);
}

// Whether another ejection still makes the hold grow; beyond that the multiplier would only delay its decay.
bool MultiplierMayGrow(const OutlierPolicy& policy, std::uint32_t multiplier) {
  if (multiplier == 0) return true;
  if (policy.backoff == OutlierPolicy::Backoff::kLinear) {
    return policy.base_ejection_time * multiplier < HoldMax(policy) + policy.base_ejection_time;
  }
  return EjectionHold(policy, multiplier) < HoldMax(policy);
}

// Everything below runs under outlier_mutex.

void NoteRuns(EndpointState& state) {
  const EndpointState::Outlier& outlier = state.outlier;
  const bool running = (outlier.consecutive_5xx | outlier.consecutive_gateway | outlier.consecutive_local) != 0;
  state.failure_run.store(running ? 1 : 0, std::memory_order_relaxed);
}

// A request of an older snapshot may still report on an endpoint that the current one no longer names. Such a host
// gets no new requests, and an ejection would take room under the limit that nobody gives back.
bool IsMember(const ClusterState& cluster, const EndpointState& state) {
  return state.outlier.membership == cluster.membership;
}

// Strict: the share after this ejection may not exceed the limit, so that 10 % protects every pool under 10 hosts.
bool WithinLimit(const Cluster& cluster, const OutlierPolicy& policy) {
  const std::uint64_t after = cluster.state->ejected_count.load(std::memory_order_relaxed) + 1ull;
  return 100 * after <= std::uint64_t{policy.max_ejection_percent} * cluster.endpoints.size();
}

void Eject(ClusterState& cluster, EndpointState& state, const OutlierPolicy& policy, TimePoint now) {
  if (MultiplierMayGrow(policy, state.outlier.multiplier)) ++state.outlier.multiplier;
  ++state.outlier.ejections;
  state.outlier.ejected_at = now;
  state.ejected.store(true, std::memory_order_relaxed);
  cluster.ejected_count.fetch_add(1, std::memory_order_relaxed);
  Add(cluster.counters.ejections_enforced_total);
  cluster.ejection_epoch.fetch_add(1, std::memory_order_release);  // publishes the flag
}

bool CountFailure(const Cluster& cluster, EndpointState& state, const Trigger& trigger, TimePoint now) {
  std::uint32_t& run = state.outlier.*trigger.run;
  ++run;
  // Excess, not equality: a new configuration may have lowered the threshold below a run that is under way.
  if (trigger.threshold == 0 || run < trigger.threshold) return false;
  // Results that come in after the ejection must not eject again.
  if (state.ejected.load(std::memory_order_relaxed) || !IsMember(*cluster.state, state)) return false;
  run = 0;
  Add(cluster.state->counters.*trigger.detected);
  if (!WithinLimit(cluster, *cluster.outlier)) {
    Add(cluster.state->counters.ejections_overflow);
    return false;
  }
  Eject(*cluster.state, state, *cluster.outlier, now);
  Add(cluster.state->counters.*trigger.enforced);
  return true;
}

void TakeBack(ClusterState& cluster, EndpointState& state, TimePoint now) {
  EndpointState::Outlier& outlier = state.outlier;
  outlier.consecutive_5xx = outlier.consecutive_gateway = outlier.consecutive_local = 0;
  outlier.unejected_at = now;
  NoteRuns(state);
  state.ejected.store(false, std::memory_order_relaxed);
  cluster.ejected_count.fetch_sub(1, std::memory_order_relaxed);
  cluster.ejection_epoch.fetch_add(1, std::memory_order_release);
}

void SweepEndpoint(ClusterState& cluster, EndpointState& state, const OutlierPolicy& policy, TimePoint now) {
  EndpointState::Outlier& outlier = state.outlier;
  if (!state.ejected.load(std::memory_order_relaxed)) {
    if (outlier.multiplier > 0 && now - outlier.unejected_at >= policy.interval) --outlier.multiplier;
    return;
  }
  if (now - outlier.ejected_at >= EjectionHold(policy, outlier.multiplier)) TakeBack(cluster, state, now);
}

}  // namespace

void OnStreamBound(const Cluster& cluster, const Endpoint& endpoint) {
  if (!cluster.outlier || !cluster.outlier->split_local_origin) return;
  EndpointState& state = *endpoint.state;
  if (state.failure_run.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(cluster.state->outlier_mutex);
  state.outlier.consecutive_local = 0;
  NoteRuns(state);
}

bool OnOutcome(const Cluster& cluster, const Endpoint& endpoint, const Outcome& outcome, TimePoint now) {
  if (!cluster.outlier) return false;
  EndpointState& state = *endpoint.state;
  const Verdict verdict = Judge(*cluster.outlier, outcome);
  if (verdict == Verdict::kNothing) return false;
  // The common case: a good answer of a host without a run of failures.
  if (verdict == Verdict::kSuccess && state.failure_run.load(std::memory_order_relaxed) == 0) return false;

  const std::lock_guard lock(cluster.state->outlier_mutex);
  bool ejected = false;
  switch (verdict) {
    case Verdict::kLocalFailure: ejected = CountFailure(cluster, state, OnLocal(*cluster.outlier), now); break;
    case Verdict::kGatewayError:
      ejected = CountFailure(cluster, state, OnGateway(*cluster.outlier), now);
      ejected = CountFailure(cluster, state, On5xx(*cluster.outlier), now) || ejected;
      break;
    case Verdict::kServerError:
      state.outlier.consecutive_gateway = 0;
      ejected = CountFailure(cluster, state, On5xx(*cluster.outlier), now);
      break;
    case Verdict::kSuccess:
    case Verdict::kNothing:
      state.outlier.consecutive_5xx = 0;
      state.outlier.consecutive_gateway = 0;
      break;
  }
  NoteRuns(state);
  return ejected;
}

TimePoint Sweep(const Cluster& cluster, TimePoint now) {
  if (!cluster.outlier) return TimePoint::max();
  const OutlierPolicy& policy = *cluster.outlier;
  const Duration interval = std::max(policy.interval, Milliseconds(1));
  ClusterState& state = *cluster.state;
  const std::lock_guard lock(state.outlier_mutex);
  if (state.last_sweep == TimePoint{}) state.last_sweep = now;
  const auto ticks = (now - state.last_sweep) / interval;
  if (ticks <= 0) return state.last_sweep + interval;
  state.last_sweep += interval * ticks;  // the ticks keep their phase when a sweep comes late
  for (const Endpoint& endpoint : cluster.endpoints)
    if (IsMember(state, *endpoint.state)) SweepEndpoint(state, *endpoint.state, policy, now);
  return state.last_sweep + interval;
}

void RecountEjected(const Cluster& cluster) {
  ClusterState& state = *cluster.state;
  const std::lock_guard lock(state.outlier_mutex);
  std::uint32_t ejected = 0;
  ++state.membership;
  for (const Endpoint& endpoint : cluster.endpoints) {
    if (!cluster.outlier && endpoint.state->ejected.load(std::memory_order_relaxed)) {
      // Outlier detection was switched off: nobody would take the host back any more.
      endpoint.state->outlier = {};
      endpoint.state->failure_run.store(0, std::memory_order_relaxed);
      endpoint.state->ejected.store(false, std::memory_order_relaxed);
    }
    endpoint.state->outlier.membership = state.membership;
    if (endpoint.state->ejected.load(std::memory_order_relaxed)) ++ejected;
  }
  state.ejected_count.store(ejected, std::memory_order_relaxed);
  state.ejection_epoch.fetch_add(1, std::memory_order_release);
}

Duration EjectionHold(const OutlierPolicy& policy, std::uint32_t multiplier) {
  const Duration max = HoldMax(policy);
  const Duration base = policy.base_ejection_time;
  if (multiplier == 0) return Duration::zero();
  if (policy.backoff == OutlierPolicy::Backoff::kLinear) return std::min(base * multiplier, max);
  Duration hold = base;
  for (std::uint32_t i = 1; i < multiplier && hold < max; ++i) hold *= 2;
  return std::min(hold, max);
}

}  // namespace sluice::core

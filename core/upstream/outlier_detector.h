// Ejects endpoints that keep failing and takes them back (istio-reference.md section 2.4; design.md section 3 for the
// hold). Pure functions over the live numbers of one cluster; what they change sits in ClusterState and EndpointState
// and is seen by every worker. Any thread: failures, ejections and sweeps take ClusterState::outlier_mutex, a success
// of a host without failures is one relaxed load.
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/resilience/outcome.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

// A stream was bound to a connection of the endpoint: with split_local_origin its local failures start again at zero.
void OnStreamBound(const Cluster& cluster, const Endpoint& endpoint);

// Reports one attempt, retried or not. Call it at the final head (status set, no reset) and at a reset (reset set,
// status too if the head had come): a body that breaks off after a good head is a success and then a failure. What
// we did ourselves (overflow, client gone, drain) counts nothing; neither may a deadline set by the client, which the
// caller leaves out, nor answers of our own, nor mirrors. True when this outcome ejected the endpoint.
bool OnOutcome(const Cluster& cluster, const Endpoint& endpoint, const Outcome& outcome, TimePoint now);

// Takes back the hosts whose hold is over and lets ejection multipliers decay, once per `interval`; between two ticks
// it does nothing. Returns the moment of the next tick, TimePoint::max() without outlier detection. The first call
// starts the clock. Called by one timer of the process; harmless from several.
TimePoint Sweep(const Cluster& cluster, TimePoint now);

// The endpoints of `cluster` are the ones there are from now on: counts the ejected among them anew. Hosts that are
// not among them any more are neither ejected nor taken back. Call it whenever the set or the policy changed.
void RecountEjected(const Cluster& cluster);

// How long the ejection numbered `multiplier` (from 1) lasts before the next sweep may end it.
Duration EjectionHold(const OutlierPolicy& policy, std::uint32_t multiplier);

}  // namespace sluice::core

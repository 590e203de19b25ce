// Live numbers of a cluster and of its endpoints, shared by all workers and kept across configuration changes.
// Atomics, because thresholds and limits are per service, not per thread (architecture.md section 5).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "core/base/clock.h"
#include "core/upstream/permit_pool.h"

namespace sluice::core {

// Written by every worker, read by every worker. One cache line of hot counters per endpoint.
struct alignas(64) EndpointState {
  std::atomic<std::uint32_t> active_requests{0};  // streams bound to a connection (section 2.2)
  std::atomic<bool> ejected{false};
  // Non-zero while a run of failures is counted: lets a success skip the mutex.
  std::atomic<std::uint32_t> failure_run{0};
  // When the endpoint appeared, steady-clock nanoseconds; for warm-up.
  std::atomic<std::int64_t> appeared_at{0};
  // Set once an upstream answered an HTTP/2 preface with HTTP/1.1.
  std::atomic<bool> http1_only{false};
  // Connections in a row that it ended without a word when it was asked what it speaks.
  std::atomic<std::uint32_t> silent_openings{0};

  // Counters of /clusters and the metrics.
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> requests_success{0};
  std::atomic<std::uint64_t> requests_error{0};
  std::atomic<std::uint64_t> requests_timeout{0};
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> connect_failures{0};
  std::atomic<std::uint32_t> connections_active{0};

  // Guarded by ClusterState::outlier_mutex; touched on failures, ejections and sweeps only.
  struct Outlier {
    std::uint32_t consecutive_5xx = 0;
    std::uint32_t consecutive_gateway = 0;
    std::uint32_t consecutive_local = 0;
    std::uint32_t multiplier = 0;  // of the ejection time; decays
    std::uint32_t ejections = 0;   // never decays, informational
    TimePoint ejected_at{};
    TimePoint unejected_at{};
    std::uint64_t membership = 0;  // of the last set of endpoints that this one was in
  } outlier;
};

struct ClusterState {
  PermitPool connections;
  PermitPool pending;
  PermitPool requests;
  PermitPool retries;
  PermitPool mirrors_in_flight;

  std::mutex outlier_mutex;
  std::atomic<std::uint32_t> ejected_count{0};
  // Grows with every ejection and return, after the endpoint's flag changed: a balancer or pool that saw another
  // value looks at the flags again.
  std::atomic<std::uint64_t> ejection_epoch{0};
  TimePoint last_sweep{};        // guarded by outlier_mutex
  std::uint64_t membership = 0;  // number of the current set of endpoints; guarded by outlier_mutex

  // Monotonic counters behind the metrics of section 4.6. Written by any worker, relaxed.
  struct Counters {
    std::atomic<std::uint64_t> ejections_enforced_total{0};
    std::atomic<std::uint64_t> ejections_overflow{0};
    std::atomic<std::uint64_t> ejections_enforced_consecutive_5xx{0};
    std::atomic<std::uint64_t> ejections_enforced_consecutive_gateway_failure{0};
    std::atomic<std::uint64_t> ejections_enforced_consecutive_local_origin_failure{0};
    std::atomic<std::uint64_t> ejections_detected_consecutive_5xx{0};
    std::atomic<std::uint64_t> ejections_detected_consecutive_gateway_failure{0};
    std::atomic<std::uint64_t> ejections_detected_consecutive_local_origin_failure{0};

    std::atomic<std::uint64_t> upstream_cx_total{0};
    std::atomic<std::uint64_t> upstream_cx_connect_fail{0};
    std::atomic<std::uint64_t> upstream_cx_connect_timeout{0};
    std::atomic<std::uint64_t> upstream_cx_overflow{0};
    std::atomic<std::uint64_t> upstream_cx_idle_timeout{0};
    std::atomic<std::uint64_t> upstream_cx_max_requests{0};
    std::atomic<std::uint64_t> upstream_cx_destroy_remote_with_active_rq{0};
    std::atomic<std::uint64_t> upstream_cx_none_healthy{0};
    std::atomic<std::uint64_t> upstream_cx_desync{0};

    std::atomic<std::uint64_t> upstream_rq_total{0};
    std::atomic<std::uint64_t> upstream_rq_pending_total{0};
    std::atomic<std::uint64_t> upstream_rq_pending_overflow{0};
    std::atomic<std::uint64_t> upstream_rq_timeout{0};
    std::atomic<std::uint64_t> upstream_rq_per_try_timeout{0};
    std::atomic<std::uint64_t> upstream_rq_rx_reset{0};
    std::atomic<std::uint64_t> upstream_rq_tx_reset{0};
    std::atomic<std::uint64_t> upstream_rq_cancelled{0};
    std::atomic<std::uint64_t> upstream_rq_retry{0};
    std::atomic<std::uint64_t> upstream_rq_retry_success{0};
    std::atomic<std::uint64_t> upstream_rq_retry_overflow{0};
    std::atomic<std::uint64_t> upstream_rq_retry_limit_exceeded{0};
    std::atomic<std::uint64_t> upstream_rq_retry_backoff_exponential{0};
    std::atomic<std::uint64_t> retry_or_shadow_abandoned{0};
    std::atomic<std::uint64_t> lb_healthy_panic{0};
    std::atomic<std::uint64_t> mirror_total{0};
    std::atomic<std::uint64_t> mirror_dropped{0};
    std::atomic<std::uint64_t> mirror_success{0};
    std::atomic<std::uint64_t> mirror_failure{0};
    // By class of the final answer: index 0 is 1xx .. 4 is 5xx.
    std::atomic<std::uint64_t> upstream_rq_class[5]{};
  } counters;
};

}  // namespace sluice::core

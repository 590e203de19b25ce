// The live state of every cluster under Envoy's names (istio-reference.md section 4.6).
#include <atomic>
#include <string>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

using core::Cluster;
using Counters = core::ClusterState::Counters;

struct ClusterTotal {
  std::string_view name;
  std::string_view help;
  std::atomic<std::uint64_t> Counters::* counter;
};

constexpr ClusterTotal kTotals[] = {
    {"envoy_cluster_upstream_cx_total", "Connections made.", &Counters::upstream_cx_total},
    {"envoy_cluster_upstream_cx_connect_fail", "Connections that failed.", &Counters::upstream_cx_connect_fail},
    {"envoy_cluster_upstream_cx_connect_timeout", "Connections that took longer than connectTimeout.",
     &Counters::upstream_cx_connect_timeout},
    {"envoy_cluster_upstream_cx_overflow", "Times maxConnections made a request wait.",
     &Counters::upstream_cx_overflow},
    {"envoy_cluster_upstream_cx_idle_timeout", "Connections closed for idleness.", &Counters::upstream_cx_idle_timeout},
    {"envoy_cluster_upstream_cx_max_requests", "Connections closed at maxRequestsPerConnection.",
     &Counters::upstream_cx_max_requests},
    {"envoy_cluster_upstream_cx_destroy_remote_with_active_rq", "Connections the upstream closed under a request.",
     &Counters::upstream_cx_destroy_remote_with_active_rq},
    {"envoy_cluster_upstream_cx_none_healthy", "Requests that found no healthy endpoint.",
     &Counters::upstream_cx_none_healthy},
    {"envoy_cluster_upstream_rq_total", "Tries sent.", &Counters::upstream_rq_total},
    {"envoy_cluster_upstream_rq_pending_total", "Tries that waited for a connection.",
     &Counters::upstream_rq_pending_total},
    {"envoy_cluster_upstream_rq_pending_overflow", "Tries refused by a limit.",
     &Counters::upstream_rq_pending_overflow},
    {"envoy_cluster_upstream_rq_timeout", "Requests that ran out of route time.", &Counters::upstream_rq_timeout},
    {"envoy_cluster_upstream_rq_per_try_timeout", "Tries that ran out of perTryTimeout.",
     &Counters::upstream_rq_per_try_timeout},
    {"envoy_cluster_upstream_rq_rx_reset", "Streams the upstream reset.", &Counters::upstream_rq_rx_reset},
    {"envoy_cluster_upstream_rq_tx_reset", "Streams we reset.", &Counters::upstream_rq_tx_reset},
    {"envoy_cluster_upstream_rq_cancelled", "Tries given up while they waited.", &Counters::upstream_rq_cancelled},
    {"envoy_cluster_upstream_rq_retry", "Retries.", &Counters::upstream_rq_retry},
    {"envoy_cluster_upstream_rq_retry_success", "Retries that succeeded.", &Counters::upstream_rq_retry_success},
    {"envoy_cluster_upstream_rq_retry_overflow", "Retries refused by the retry limit or budget.",
     &Counters::upstream_rq_retry_overflow},
    {"envoy_cluster_upstream_rq_retry_limit_exceeded", "Requests that used up their retries.",
     &Counters::upstream_rq_retry_limit_exceeded},
    {"envoy_cluster_upstream_rq_retry_backoff_exponential", "Retries after an exponential back-off.",
     &Counters::upstream_rq_retry_backoff_exponential},
    {"envoy_cluster_retry_or_shadow_abandoned", "Retries or mirrors given up over a body too large to keep.",
     &Counters::retry_or_shadow_abandoned},
    {"envoy_cluster_lb_healthy_panic", "Choices made in panic mode.", &Counters::lb_healthy_panic},
    {"envoy_cluster_outlier_detection_ejections_enforced_total", "Ejections.", &Counters::ejections_enforced_total},
    {"envoy_cluster_outlier_detection_ejections_overflow", "Ejections refused by maxEjectionPercent.",
     &Counters::ejections_overflow},
    {"envoy_cluster_outlier_detection_ejections_enforced_consecutive_5xx", "Ejections after 5xx answers in a row.",
     &Counters::ejections_enforced_consecutive_5xx},
    {"envoy_cluster_outlier_detection_ejections_enforced_consecutive_gateway_failure",
     "Ejections after gateway errors in a row.", &Counters::ejections_enforced_consecutive_gateway_failure},
    {"envoy_cluster_outlier_detection_ejections_enforced_consecutive_local_origin_failure",
     "Ejections after local failures in a row.", &Counters::ejections_enforced_consecutive_local_origin_failure},
    {"envoy_cluster_outlier_detection_ejections_detected_consecutive_5xx", "Times the 5xx threshold was reached.",
     &Counters::ejections_detected_consecutive_5xx},
    {"envoy_cluster_outlier_detection_ejections_detected_consecutive_gateway_failure",
     "Times the gateway error threshold was reached.", &Counters::ejections_detected_consecutive_gateway_failure},
    {"envoy_cluster_outlier_detection_ejections_detected_consecutive_local_origin_failure",
     "Times the local failure threshold was reached.", &Counters::ejections_detected_consecutive_local_origin_failure},
    {"sluice_upstream_desync_total", "Connections closed over bytes that belong to no answer.",
     &Counters::upstream_cx_desync},
    {"sluice_mirror_requests_total", "Copies sent.", &Counters::mirror_total},
    {"sluice_mirror_dropped_total", "Copies not sent: a limit of mirrors was reached.", &Counters::mirror_dropped},
    {"sluice_mirror_success_total", "Copies answered below 500.", &Counters::mirror_success},
    {"sluice_mirror_failure_total", "Copies that failed.", &Counters::mirror_failure},
};

struct ClusterGauge {
  std::string_view name;
  std::string_view help;
  double (*value)(const Cluster& cluster);
  MetricType type = MetricType::kGauge;
};

double Ejected(const Cluster& cluster) {
  double ejected = 0;
  for (const core::Endpoint& endpoint : cluster.endpoints) {
    if (endpoint.state != nullptr && endpoint.state->ejected.load(std::memory_order_relaxed)) ++ejected;
  }
  return ejected;
}

// Envoy's circuit breaker gauges: 1 while the limit is used up.
double Open(const core::PermitPool& pool, std::uint32_t limit) {
  return limit != core::ConnectionPoolPolicy::kUnlimited && pool.in_use() >= limit ? 1 : 0;
}

constexpr ClusterGauge kGauges[] = {
    {"envoy_cluster_upstream_cx_active", "Open connections.",
     [](const Cluster& cluster) -> double { return cluster.state->connections.in_use(); }},
    {"envoy_cluster_upstream_rq_active", "Tries in flight.",
     [](const Cluster& cluster) -> double { return cluster.state->requests.in_use(); }},
    {"envoy_cluster_upstream_rq_pending_active", "Tries that wait for a connection.",
     [](const Cluster& cluster) -> double { return cluster.state->pending.in_use(); }},
    {"envoy_cluster_membership_healthy", "Endpoints that are not ejected.",
     [](const Cluster& cluster) { return static_cast<double>(cluster.endpoints.size()) - Ejected(cluster); }},
    {"envoy_cluster_membership_total", "Endpoints.",
     [](const Cluster& cluster) { return static_cast<double>(cluster.endpoints.size()); }, MetricType::kUntyped},
    {"envoy_cluster_outlier_detection_ejections_active", "Endpoints ejected now.", &Ejected},
    {"envoy_cluster_circuit_breakers_default_cx_open", "1 while maxConnections is used up.",
     [](const Cluster& cluster) { return Open(cluster.state->connections, cluster.pool.max_connections); }},
    {"envoy_cluster_circuit_breakers_default_rq_pending_open", "1 while http1MaxPendingRequests is used up.",
     [](const Cluster& cluster) { return Open(cluster.state->pending, cluster.pool.max_pending_requests); }},
    {"envoy_cluster_circuit_breakers_default_rq_open", "1 while http2MaxRequests is used up.",
     [](const Cluster& cluster) { return Open(cluster.state->requests, cluster.pool.max_requests); }},
    {"envoy_cluster_circuit_breakers_default_rq_retry_open", "1 while maxRetries is used up.",
     [](const Cluster& cluster) { return Open(cluster.state->retries, cluster.pool.max_retries); }},
};

MetricFamily AnswerClasses(const core::Snapshot& snapshot) {
  MetricFamily family{"envoy_cluster_upstream_rq_xx", "Final answers by class of status.", MetricType::kUntyped, {}};
  for (const Cluster& cluster : snapshot.clusters) {
    for (std::size_t i = 0; i < 5; ++i) {
      const std::uint64_t count = cluster.state->counters.upstream_rq_class[i].load(std::memory_order_relaxed);
      family.samples.push_back(
          {{{"envoy_response_code_class", std::to_string(i + 1)}, {"envoy_cluster_name", cluster.name}},
           static_cast<double>(count),
           {}});
    }
  }
  return family;
}

}  // namespace

void AppendClusterFamilies(const core::Snapshot& snapshot, std::vector<MetricFamily>& families) {
  for (const ClusterTotal& total : kTotals) {
    MetricFamily family{std::string(total.name), std::string(total.help), TotalType(total.name), {}};
    for (const Cluster& cluster : snapshot.clusters) {
      const std::uint64_t count = (cluster.state->counters.*total.counter).load(std::memory_order_relaxed);
      family.samples.push_back({{{"envoy_cluster_name", cluster.name}}, static_cast<double>(count), {}});
    }
    families.push_back(std::move(family));
  }
  for (const ClusterGauge& gauge : kGauges) {
    MetricFamily family{std::string(gauge.name), std::string(gauge.help), gauge.type, {}};
    for (const Cluster& cluster : snapshot.clusters) {
      family.samples.push_back({{{"envoy_cluster_name", cluster.name}}, gauge.value(cluster), {}});
    }
    families.push_back(std::move(family));
  }
  families.push_back(AnswerClasses(snapshot));
}

}  // namespace sluice::gateway

// The metric families of the process, by subject. Each function appends to `families` what it reads right now.
// Control thread; counters of the workers are read as they stand, so a scrape is not a frozen instant.
#pragma once

#include <vector>

#include "core/snapshot/snapshot.h"
#include "gateway/telemetry/metric_family.h"
#include "gateway/telemetry/metrics_source.h"

namespace sluice::gateway {

// istio_* and inference_latency_seconds; per-cluster answers by code and time (istio-reference.md sections 4.1, 4.6).
void AppendRequestFamilies(const MetricsSource& source, std::vector<MetricFamily>& families);

// envoy_cluster_* and sluice_mirror_*, from the clusters of the configuration in force.
void AppendClusterFamilies(const core::Snapshot& snapshot, std::vector<MetricFamily>& families);

// envoy_http_downstream_*, and what the workers count about codecs, limits and logs.
void AppendDownstreamFamilies(const MetricsSource& source, std::vector<MetricFamily>& families);

// sluice_tls_*, sluice_certificate_*, envoy_listener_ssl_*.
void AppendTlsFamilies(const MetricsSource& source, std::vector<MetricFamily>& families);

// sluice_experiment_*, sluice_exposure*.
void AppendExperimentFamilies(const MetricsSource& source, std::vector<MetricFamily>& families);

// sluice_canary_*.
void AppendCanaryFamilies(const MetricsSource& source, std::vector<MetricFamily>& families);

// envoy_server_*, process_*, sluice_config_*; `snapshot` may be null.
void AppendServerFamilies(const MetricsSource& source, const core::Snapshot* snapshot,
                          std::vector<MetricFamily>& families);

// A family with one sample without labels, or with the given ones.
MetricFamily SingleValue(std::string name, std::string help, MetricType type, double value);

// kCounter for names in _total, else kUntyped: see MetricType.
MetricType TotalType(std::string_view name);

}  // namespace sluice::gateway

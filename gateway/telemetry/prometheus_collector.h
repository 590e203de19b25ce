// Everything the process can tell in numbers, as Prometheus metrics: merges the workers' shards, the clusters' live
// state and the facts of the process on every scrape. The only place that knows prometheus-cpp. Control thread.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "gateway/telemetry/metric_family.h"
#include "gateway/telemetry/metrics_source.h"

namespace sluice::gateway {

class PrometheusCollector final : public prometheus::Collectable {
 public:
  explicit PrometheusCollector(MetricsSource source) : source_(std::move(source)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  // The text exposition format, version 0.0.4.
  std::string Text() const;
  // Before the rendering: for /stats and for tests.
  std::vector<MetricFamily> Families() const;

 private:
  MetricsSource source_;
};

}  // namespace sluice::gateway

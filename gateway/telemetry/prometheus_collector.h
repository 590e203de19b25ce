// Everything the process can tell in numbers, as Prometheus metrics: merges the workers' shards, the clusters' live
// state and the facts of the process on every scrape. The only place that knows prometheus-cpp. Control thread.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "gateway/telemetry/metric_family.h"
#include "gateway/telemetry/metrics_source.h"
#include "gateway/telemetry/text_page.h"

namespace sluice::gateway {

class PrometheusCollector final : public prometheus::Collectable {
 public:
  explicit PrometheusCollector(MetricsSource source) : source_(std::move(source)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  // All of it in the text exposition format, version 0.0.4, as it stands now. The numbers are copied, so that pieces that
  // are written later belong together.
  TextPage Page() const { return TextPage(Families()); }
  std::string Text() const;  // the whole page: for tests and small ones
  // Before the rendering: for /stats and for tests.
  std::vector<MetricFamily> Families() const;

 private:
  MetricsSource source_;
};

}  // namespace sluice::gateway

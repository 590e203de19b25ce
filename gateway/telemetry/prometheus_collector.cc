#include "gateway/telemetry/prometheus_collector.h"

#include <prometheus/metric_family.h>

#include <limits>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

prometheus::MetricType TypeOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter: return prometheus::MetricType::Counter;
    case MetricType::kGauge: return prometheus::MetricType::Gauge;
    case MetricType::kHistogram: return prometheus::MetricType::Histogram;
    case MetricType::kUntyped: break;
  }
  return prometheus::MetricType::Untyped;
}

void FillHistogram(const core::HistogramTotal& total, prometheus::ClientMetric::Histogram& histogram) {
  if (total.bounds() == nullptr) return;
  histogram.sample_count = total.count();
  histogram.sample_sum = total.sum();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < total.bounds()->size(); ++i) {
    cumulative += total.count(i);
    histogram.bucket.push_back({cumulative, total.bounds()->upper(i)});
  }
}

prometheus::ClientMetric Convert(MetricSample&& sample, MetricType type) {
  prometheus::ClientMetric metric;
  metric.label.reserve(sample.labels.size());
  for (auto& [name, value] : sample.labels) metric.label.push_back({std::string(name), std::move(value)});
  switch (type) {
    case MetricType::kCounter: metric.counter.value = sample.value; break;
    case MetricType::kGauge: metric.gauge.value = sample.value; break;
    case MetricType::kUntyped: metric.untyped.value = sample.value; break;
    case MetricType::kHistogram: FillHistogram(sample.histogram, metric.histogram); break;
  }
  return metric;
}

}  // namespace

std::vector<MetricFamily> PrometheusCollector::Families() const {
  std::vector<MetricFamily> families;
  AppendRequestFamilies(source_, families);
  const std::shared_ptr<const core::Snapshot> snapshot =
      source_.snapshot != nullptr ? source_.snapshot(source_.self) : nullptr;
  if (snapshot != nullptr) AppendClusterFamilies(*snapshot, families);
  AppendDownstreamFamilies(source_, families);
  AppendTlsFamilies(source_, families);
  AppendExperimentFamilies(source_, families);
  AppendCanaryFamilies(source_, families);
  AppendServerFamilies(source_, snapshot.get(), families);
  std::erase_if(families, [](const MetricFamily& family) { return family.samples.empty(); });
  return families;
}

std::vector<prometheus::MetricFamily> PrometheusCollector::Collect() const {
  std::vector<prometheus::MetricFamily> collected;
  for (MetricFamily& family : Families()) {
    prometheus::MetricFamily& out = collected.emplace_back();
    out.name = std::move(family.name);
    out.help = std::move(family.help);
    out.type = TypeOf(family.type);
    out.metric.reserve(family.samples.size());
    for (MetricSample& sample : family.samples) out.metric.push_back(Convert(std::move(sample), family.type));
  }
  return collected;
}

std::string PrometheusCollector::Text() const {
  TextPage page = Page();
  std::string text;
  page.Write(text, std::numeric_limits<std::size_t>::max());
  return text;
}

}  // namespace sluice::gateway

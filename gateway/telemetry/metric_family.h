// A metric as the exporter sees it: a name, its help, and samples. Free of any metrics library, so that the Prometheus
// page and the /stats page are two renderings of one thing. Built on every scrape, on the control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/telemetry/histogram.h"

namespace sluice::gateway {

// kUntyped is what a total with an Envoy name that does not end in _total must be: the naming rules of Prometheus
// allow no counter without that suffix and no gauge with it.
enum class MetricType : std::uint8_t { kCounter, kGauge, kUntyped, kHistogram };

struct MetricSample {
  std::vector<std::pair<std::string_view, std::string>> labels;  // names have static storage
  double value = 0;
  core::HistogramTotal histogram;  // kHistogram
};

struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type = MetricType::kCounter;
  std::vector<MetricSample> samples;
};

}  // namespace sluice::gateway

// A progressive delivery: stages, gates, what to do without data (design.md section 2). Plain data; immutable once made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace sluice::core {

// The challenger gets `weight` percent of what champion and challenger have together, for at least `hold`.
struct CanaryStage {
  std::uint32_t weight = 0;  // 1..100, ascending; the last one is 100
  Duration hold{0};          // of the last one: the bake

  friend bool operator==(const CanaryStage&, const CanaryStage&) = default;
};

struct LatencyGate {
  double quantile = 0.99;              // in (0, 1)
  double max_regression_percent = 10;  // of the champion's, at least 0

  friend bool operator==(const LatencyGate&, const LatencyGate&) = default;
};

struct ErrorRateGate {
  double max_increase_points = 0.5;  // percentage points

  friend bool operator==(const ErrorRateGate&, const ErrorRateGate&) = default;
};

// Instant queries of Prometheus' HTTP API. Every sample of the answer must lie within the bounds.
struct PrometheusGate {
  std::string name;     // for people; defaults to "prometheus[0]"
  std::string address;  // "http://prometheus:9090", a path prefix is kept
  std::string query;
  std::optional<double> max;
  std::optional<double> min;  // at least one of the two
  Duration interval = Seconds(15);
  Duration timeout = Seconds(5);
  std::uint32_t failures = 2;  // in a row, before it counts as broken

  friend bool operator==(const PrometheusGate&, const PrometheusGate&) = default;
};

enum class NoDataPolicy : std::uint8_t { kHold, kRollback, kPromote };

struct CanarySpec {
  std::vector<CanaryStage> stages;
  std::optional<LatencyGate> latency;
  std::optional<ErrorRateGate> error_rate;
  std::vector<PrometheusGate> prometheus;
  double confidence = 0.95;          // that a rollback is no false alarm, over the whole canary
  std::uint64_t min_requests = 500;  // of each version in a stage, before it can be promoted
  NoDataPolicy on_no_data = NoDataPolicy::kHold;
  Duration no_data_limit = std::chrono::hours(1);  // held for longer than this without data: rolled back; 0: never

  friend bool operator==(const CanarySpec&, const CanarySpec&) = default;
};

}  // namespace sluice::core

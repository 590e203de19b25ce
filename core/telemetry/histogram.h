// Histograms of whole numbers over fixed upper bounds (istio-reference.md section 4.1). Bounds are shared and immutable;
// a Histogram has one writer (a worker) and is read and merged by the scrape. One Observe is two relaxed stores.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/telemetry/counter.h"

namespace sluice::core {

// Upper bounds of all Envoy and Istio histograms, milliseconds and bytes alike; +Inf is implied.
inline constexpr std::array<double, 19> kStandardBounds = {
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
};

class HistogramBounds {
 public:
  static constexpr std::size_t kBoundsMax = 31;  // standard ones and up to 12 extra; more are ignored

  // `bounds` in the unit of the exported metric; `extra` is merged in, sorted, without duplicates or non-positive
  // values. An observed whole number is in units of 1 / `scale`: scale 1 for milliseconds and bytes, 1000 for a metric
  // in milliseconds observed in microseconds.
  explicit HistogramBounds(std::span<const double> bounds = kStandardBounds, std::span<const double> extra = {},
                           double scale = 1);

  // Index of the first bound that `value` does not exceed; size() for +Inf.
  std::size_t Bucket(std::uint64_t value) const {
    std::size_t index = first_[BitWidth(value)];
    while (index < limits_.size() && value > limits_[index]) ++index;
    return index;
  }

  std::size_t size() const { return limits_.size(); }
  double upper(std::size_t index) const { return bounds_[index]; }
  double scale() const { return scale_; }

 private:
  static std::size_t BitWidth(std::uint64_t value) {
    return value == 0 ? 0 : 64 - static_cast<std::size_t>(__builtin_clzll(value));
  }

  std::vector<double> bounds_;
  std::vector<std::uint64_t> limits_;     // floor(bound * scale)
  std::array<std::uint8_t, 65> first_{};  // by bit width: the first bucket a value of that width can fall into
  double scale_;
};

class Histogram {
 public:
  // `bounds` must outlive the histogram: the registry of series keeps them for the life of the process.
  explicit Histogram(const HistogramBounds& bounds) : bounds_(&bounds) {}

  void Observe(std::uint64_t value) {
    counts_[bounds_->Bucket(value)].Add();
    sum_.Add(value);
  }

  const HistogramBounds& bounds() const { return *bounds_; }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].value(); }
  std::uint64_t sum() const { return sum_.value(); }  // in observed units

 private:
  const HistogramBounds* bounds_;
  Counter sum_;
  std::array<Counter, HistogramBounds::kBoundsMax + 1> counts_;
};

// A plain copy that histograms of several writers are added into.
class HistogramTotal {
 public:
  void Add(const Histogram& histogram);
  void Add(const HistogramTotal& other);

  const HistogramBounds* bounds() const { return bounds_; }  // null while nothing was added
  std::uint64_t count() const;                               // all observations
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
  double sum() const;  // in exported units

  // Estimate in exported units by linear interpolation within the bucket, as PromQL's histogram_quantile does.
  // `quantile` in [0, 1]; 0 when empty; the highest finite bound when it falls into +Inf.
  double Quantile(double quantile) const;

 private:
  const HistogramBounds* bounds_ = nullptr;
  std::uint64_t sum_ = 0;
  std::array<std::uint64_t, HistogramBounds::kBoundsMax + 1> counts_{};
};

}  // namespace sluice::core

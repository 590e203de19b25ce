#include "core/telemetry/histogram.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace sluice::core {

HistogramBounds::HistogramBounds(std::span<const double> bounds, std::span<const double> extra, double scale)
    : bounds_(bounds.begin(), bounds.end()), scale_(scale) {
  for (const double bound : extra) {
    if (bounds_.size() < kBoundsMax && bound > 0 && std::isfinite(bound)) bounds_.push_back(bound);
  }
  std::ranges::sort(bounds_);
  const auto duplicates = std::ranges::unique(bounds_);
  bounds_.erase(duplicates.begin(), duplicates.end());
  CHECK(bounds_.size() <= kBoundsMax);

  for (const double bound : bounds_) limits_.push_back(static_cast<std::uint64_t>(std::floor(bound * scale)));
  for (std::size_t width = 0; width < first_.size(); ++width) {
    const std::uint64_t smallest = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
    first_[width] = static_cast<std::uint8_t>(std::ranges::lower_bound(limits_, smallest) - limits_.begin());
  }
}

void HistogramTotal::Add(const Histogram& histogram) {
  bounds_ = &histogram.bounds();
  sum_ += histogram.sum();
  for (std::size_t i = 0; i <= bounds_->size(); ++i) counts_[i] += histogram.count(i);
}

void HistogramTotal::Add(const HistogramTotal& other) {
  if (other.bounds_ == nullptr) return;
  bounds_ = other.bounds_;
  sum_ += other.sum_;
  for (std::size_t i = 0; i <= bounds_->size(); ++i) counts_[i] += other.counts_[i];
}

std::uint64_t HistogramTotal::count() const {
  std::uint64_t all = 0;
  for (const std::uint64_t bucket : counts_) all += bucket;
  return all;
}

double HistogramTotal::sum() const { return bounds_ == nullptr ? 0 : static_cast<double>(sum_) / bounds_->scale(); }

double HistogramTotal::Quantile(double quantile) const {
  const std::uint64_t all = count();
  if (all == 0) return 0;
  const double rank = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < bounds_->size(); ++i) {
    const auto here = static_cast<double>(counts_[i]);
    if (here > 0 && below + here >= rank) {
      const double lower = i == 0 ? 0 : bounds_->upper(i - 1);
      return lower + (bounds_->upper(i) - lower) * std::max(0.0, rank - below) / here;
    }
    below += here;
  }
  return bounds_->upper(bounds_->size() - 1);
}

}  // namespace sluice::core

#include "bench/support/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {

// Values below 2^7 have a bucket each. Above, the position of the highest bit names the group and the next seven bits
// the bucket in it.
std::size_t LatencyHistogram::BucketOf(std::uint64_t value) {
  constexpr std::uint64_t kLinear = 1ULL << kSubBits;
  if (value < kLinear) return static_cast<std::size_t>(value);
  const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  const std::uint64_t sub = (value >> exponent) & (kLinear - 1);
  return std::min(static_cast<std::size_t>(((exponent + 1ULL) << kSubBits) + sub), kBuckets - 1);
}

std::uint64_t LatencyHistogram::UpperEdge(std::size_t bucket) {
  constexpr std::uint64_t kLinear = 1ULL << kSubBits;
  if (bucket < kLinear) return bucket;
  const unsigned exponent = static_cast<unsigned>(bucket >> kSubBits) - 1;
  const std::uint64_t sub = bucket & (kLinear - 1);
  return ((kLinear + sub + 1) << exponent) - 1;
}

void LatencyHistogram::Add(std::chrono::nanoseconds duration) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  ++buckets_[BucketOf(value)];
  ++count_;
  sum_ += value;
  max_ = std::max(max_, duration);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds LatencyHistogram::Mean() const {
  return std::chrono::nanoseconds(count_ == 0 ? 0 : sum_ / count_);
}

std::chrono::nanoseconds LatencyHistogram::Quantile(double q) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(max_, std::chrono::nanoseconds(UpperEdge(i)));
  }
  return max_;
}

}  // namespace sluice::bench

// Counts durations in log-linear buckets: 128 per power of two, so that every quantile is exact to 0.8 %, from a
// nanosecond to 18 minutes in 35 KB. Merging adds buckets, so what several recorded apart is exactly what one would have
// recorded. Any owner; one thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::bench {

class LatencyHistogram {
 public:
  static constexpr unsigned kSubBits = 7;
  static constexpr unsigned kExponents = 40 - kSubBits;
  static constexpr std::size_t kBuckets = (kExponents + 1) << kSubBits;

  void Add(std::chrono::nanoseconds duration) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
    ++buckets_[BucketOf(value)];
    ++count_;
    sum_ += value;
    max_ = std::max(max_, duration);
  }
  void Merge(const LatencyHistogram& other);
  bool operator==(const LatencyHistogram&) const = default;

  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }  // nanoseconds
  std::chrono::nanoseconds max() const { return max_; }
  std::chrono::nanoseconds Mean() const;
  // The duration that a share `q` in [0, 1] does not exceed (upper edge of its bucket, at most max()); 0 when empty.
  std::chrono::nanoseconds Quantile(double q) const;

  // The buckets that are not empty as `INDEX:COUNT` with blanks between, sum and greatest value in front. Parse() takes
  // exactly what Compact() writes; nullopt for anything else.
  std::string Compact() const;
  static std::optional<LatencyHistogram> Parse(std::string_view text);

  // Below 2^7 a bucket a nanosecond; above, the highest bit names the group and the next seven the bucket in it.
  static std::size_t BucketOf(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kLinear = 1ULL << kSubBits;
    if (nanoseconds < kLinear) return static_cast<std::size_t>(nanoseconds);
    const unsigned exponent = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1 - kSubBits;
    const std::uint64_t sub = (nanoseconds >> exponent) & (kLinear - 1);
    return std::min(static_cast<std::size_t>(((exponent + 1ULL) << kSubBits) + sub), kBuckets - 1);
  }
  static std::uint64_t UpperEdge(std::size_t bucket);

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::chrono::nanoseconds max_{0};
  std::array<std::uint64_t, kBuckets> buckets_{};
};

}  // namespace sluice::bench

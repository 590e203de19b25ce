// Counts durations in log-linear buckets: 128 per power of two, so that every quantile is exact to 0.8 %, from a
// nanosecond to 18 minutes in 40 KB. Any owner; one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace sluice::bench {

class LatencyHistogram {
 public:
  void Add(std::chrono::nanoseconds duration);
  void Merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return max_; }
  std::chrono::nanoseconds Mean() const;
  // The duration that a share `q` in [0, 1] does not exceed (upper edge of its bucket, at most max()); 0 when empty.
  std::chrono::nanoseconds Quantile(double q) const;

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr unsigned kExponents = 40 - kSubBits;
  static constexpr std::size_t kBuckets = (kExponents + 1) << kSubBits;

  static std::size_t BucketOf(std::uint64_t value);
  static std::uint64_t UpperEdge(std::size_t bucket);

  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::chrono::nanoseconds max_{0};
  std::array<std::uint64_t, kBuckets> buckets_{};
};

}  // namespace sluice::bench

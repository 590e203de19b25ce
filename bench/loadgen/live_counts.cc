#include "bench/loadgen/live_counts.h"

#include <algorithm>
#include <cmath>

namespace sluice::bench {

void LiveCounts::CountAnswer(std::chrono::nanoseconds latency, std::uint8_t version, std::string_view name) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count()));
  Increment(answered_);
  Increment(latency_[LatencyHistogram::BucketOf(value) >> kShift]);
  if (version >= kVersionsMax) return;
  while (named_.load(std::memory_order_relaxed) <= version) {
    const std::size_t next = named_.load(std::memory_order_relaxed);
    Version& slot = versions_[next];
    if (next == version) {
      slot.name_size = std::min(name.size(), slot.name.size());
      std::copy_n(name.begin(), slot.name_size, slot.name.begin());
    }
    named_.store(next + 1, std::memory_order_release);
  }
  Increment(versions_[version].count);
}

void LiveCounts::AddTo(Sum& sum) const {
  sum.answered += answered_.load(std::memory_order_relaxed);
  sum.lost += lost_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kBuckets; ++i) sum.latency[i] += latency_[i].load(std::memory_order_relaxed);
  const std::size_t named = named_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < named; ++i) {
    const Version& version = versions_[i];
    const std::string_view name(version.name.data(), version.name_size);
    const std::uint64_t count = version.count.load(std::memory_order_relaxed);
    if (count > 0) sum.versions[std::string(name)] += count;
  }
}

std::chrono::nanoseconds LiveCounts::Sum::QuantileSince(const Sum& before, double q) const {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) all += latency[i] - before.latency[i];
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += latency[i] - before.latency[i];
    if (seen >= wanted) {
      const std::size_t last = (i << kShift) | ((1U << kShift) - 1);
      return std::chrono::nanoseconds(static_cast<std::int64_t>(LatencyHistogram::UpperEdge(last)));
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace sluice::bench

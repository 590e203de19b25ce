#include "bench/support/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/text.h"

namespace sluice::bench {

std::uint64_t LatencyHistogram::UpperEdge(std::size_t bucket) {
  constexpr std::uint64_t kLinear = 1ULL << kSubBits;
  if (bucket < kLinear) return bucket;
  const unsigned exponent = static_cast<unsigned>(bucket >> kSubBits) - 1;
  const std::uint64_t sub = bucket & (kLinear - 1);
  return ((kLinear + sub + 1) << exponent) - 1;
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

std::string LatencyHistogram::Compact() const {
  std::string out = std::to_string(sum_);
  out.append(" ").append(std::to_string(max_.count()));
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (buckets_[i] > 0) out.append(" ").append(std::to_string(i)).append(":").append(std::to_string(buckets_[i]));
  }
  return out;
}

std::optional<LatencyHistogram> LatencyHistogram::Parse(std::string_view text) {
  const auto word = [&text] {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
  };
  LatencyHistogram histogram;
  const auto sum = core::ParseDecimal(word());
  const auto max = core::ParseDecimal(word());
  if (!sum || !max || *max > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  histogram.sum_ = *sum;
  histogram.max_ = std::chrono::nanoseconds(static_cast<std::int64_t>(*max));
  for (std::size_t next = 0; !text.empty();) {
    const std::string_view pair = word();
    const auto colon = pair.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto index = core::ParseDecimal(pair.substr(0, colon));
    const auto count = core::ParseDecimal(pair.substr(colon + 1));
    constexpr std::uint64_t kCountMax = 1ULL << 53;  // a sum of them over all buckets does not overflow
    if (!index || !count || *index < next || *index >= kBuckets || *count == 0 || *count > kCountMax) {
      return std::nullopt;
    }
    histogram.buckets_[*index] = *count;
    histogram.count_ += *count;
    next = *index + 1;
  }
  return histogram;
}

}  // namespace sluice::bench

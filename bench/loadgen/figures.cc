#include "bench/loadgen/figures.h"

#include <array>
#include <cstdio>

namespace sluice::bench {

std::string Fixed(double value, int digits) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return size > 0 && static_cast<std::size_t>(size) < text.size() ? std::string(text.data()) : "?";
}

std::string MillisText(std::chrono::nanoseconds duration) { return Fixed(Millis(duration), 3); }

std::string PercentText(double share) { return Fixed(100 * share, 2).append(" %"); }

std::string IntervalText(const Interval& likely) {
  return Fixed(100 * likely.low, 2).append(" to ").append(Fixed(100 * likely.high, 2)).append(" %");
}

std::string RateText(double per_second) { return Fixed(per_second, per_second < 10 ? 2 : per_second < 1000 ? 1 : 0); }

}  // namespace sluice::bench

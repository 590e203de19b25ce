// Wilson's confidence interval of a share: right for few trials and for shares near 0 and 1, where the usual one is not
// (E. B. Wilson 1927). Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace sluice::bench {

struct Interval {
  double low = 0;
  double high = 1;
};

// Of the rate behind `hits` of `trials`, 95 %; everything when there was no trial.
inline Interval Wilson(std::uint64_t hits, std::uint64_t trials) {
  if (trials == 0) return {};
  constexpr double kZ = 1.959963984540054;  // the normal deviate that 2.5 % exceed
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(hits) / n;
  const double scale = 1 + kZ * kZ / n;
  const double middle = (share + kZ * kZ / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace sluice::bench

#include "core/stats/sample_ratio.h"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>

#include "core/base/check.h"

namespace sluice::core {
namespace {

// Below this the statistic is not distributed as chi-square (Cochran 1954).
constexpr double kExpectedMin = 5;

}  // namespace

SampleRatio TestSampleRatio(std::span<const std::uint64_t> counted, std::span<const std::uint64_t> weights) {
  CHECK(counted.size() == weights.size());
  double total = 0;
  double total_weight = 0;
  std::uint32_t arms = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    ++arms;
    total += static_cast<double>(counted[i]);
    total_weight += static_cast<double>(weights[i]);
  }
  SampleRatio ratio;
  if (arms < 2) return ratio;
  ratio.degrees = arms - 1;
  bool enough = true;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    const double expected = total * static_cast<double>(weights[i]) / total_weight;
    enough = enough && expected >= kExpectedMin;
    const double off = static_cast<double>(counted[i]) - expected;
    if (expected > 0) ratio.chi_square += off * off / expected;
  }
  // The upper tail of chi-square is the regularised upper incomplete gamma function.
  if (enough) ratio.p_value = boost::math::gamma_q(ratio.degrees / 2.0, ratio.chi_square / 2);
  return ratio;
}

}  // namespace sluice::core

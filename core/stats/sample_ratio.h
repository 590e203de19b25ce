// Whether users were split as they should have been: Pearson's chi-square of what was counted beside the shares. A small
// p-value says that users are lost, or counted twice, on the way: then the arms cannot be compared. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>

namespace sluice::core {

struct SampleRatio {
  double chi_square = 0;
  std::uint32_t degrees = 0;  // of freedom; 0: nothing to test
  double p_value = 1;
};

// `counted` and `weights` by arm; shares are weights over their sum. Arms of weight 0 do not count. With fewer than five
// expected in an arm the statistic says nothing: p_value 1.
SampleRatio TestSampleRatio(std::span<const std::uint64_t> counted, std::span<const std::uint64_t> weights);

}  // namespace sluice::core

#include "bench/loadgen/wilson.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace sluice::bench {
namespace {

TEST(Wilson, BoundsAreThoseOfTheFormulaWorkedByHand) {
  // z^2 = 3.841459: (0.1 + 0.0192073 -+ 1.959964 * sqrt(0.0009 + 0.0000960365)) / 1.03841459
  const Interval tenth = Wilson(10, 100);
  EXPECT_NEAR(tenth.low, 0.055229, 1e-6);
  EXPECT_NEAR(tenth.high, 0.174366, 1e-6);
}

TEST(Wilson, NoneAndAllStayInsideAndSayMoreThanZeroWidth) {
  EXPECT_EQ(Wilson(0, 50).low, 0);
  EXPECT_NEAR(Wilson(0, 50).high, 0.0713, 1e-4);
  EXPECT_NEAR(Wilson(50, 50).low, 1 - 0.0713, 1e-4);
  EXPECT_EQ(Wilson(50, 50).high, 1);
  EXPECT_EQ(Wilson(0, 0).low, 0);
  EXPECT_EQ(Wilson(0, 0).high, 1);
}

TEST(Wilson, NineteenOfTwentyIntervalsHoldTheTruth) {
  core::Random random(6);
  for (const double truth : {0.01, 0.1, 0.5}) {
    int held = 0;
    constexpr int kRuns = 2000;
    for (int run = 0; run < kRuns; ++run) {
      std::uint64_t hits = 0;
      for (int i = 0; i < 500; ++i) hits += random.Fraction() < truth ? 1 : 0;
      const Interval likely = Wilson(hits, 500);
      held += likely.low <= truth && truth <= likely.high ? 1 : 0;
    }
    EXPECT_GT(held, kRuns * 0.93) << truth;
    EXPECT_LT(held, kRuns * 0.98) << truth;
  }
}

}  // namespace
}  // namespace sluice::bench

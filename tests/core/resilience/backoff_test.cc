#include "core/resilience/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::core {
namespace {

TEST(Backoff, BoundsDoubleUpToTenTimesTheBase) {
  Backoff backoff(Milliseconds(25));
  Random random(1);
  std::vector<Duration> bounds;

  for (int i = 0; i < 6; ++i) {
    bounds.push_back(backoff.bound());
    backoff.Next(random);
  }

  EXPECT_EQ(bounds, (std::vector<Duration>{Milliseconds(25), Milliseconds(50), Milliseconds(100), Milliseconds(200),
                                           Milliseconds(250), Milliseconds(250)}));
}

TEST(Backoff, PausesAreUniformBelowTheBound) {
  constexpr int kDraws = 20'000;
  Random random(2);
  Duration sum{0};
  Duration least = Seconds(1);
  Duration most{0};
  for (int i = 0; i < kDraws; ++i) {
    Backoff backoff(Milliseconds(25));
    const Duration pause = backoff.Next(random);
    sum += pause;
    least = std::min(least, pause);
    most = std::max(most, pause);
  }

  EXPECT_GE(least, Duration::zero());
  EXPECT_LT(least, Milliseconds(1)) << "full jitter reaches down to zero";
  EXPECT_LT(most, Milliseconds(25));
  EXPECT_GT(most, Milliseconds(24));
  EXPECT_NEAR(static_cast<double>((sum / kDraws).count()), 12.5e6, 0.3e6);
}

TEST(Backoff, ABaseOfZeroNeverPauses) {
  Backoff backoff(Duration{0});
  Random random(3);

  EXPECT_EQ(backoff.Next(random), Duration::zero());
  EXPECT_EQ(backoff.Next(random), Duration::zero());
}

}  // namespace
}  // namespace sluice::core

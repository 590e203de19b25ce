#include "core/resilience/time_budget.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(TimeBudget, APerTryTimeoutNotBelowTheTimeoutIsIgnored) {
  EXPECT_EQ(TimeBudget::Effective(Seconds(1), Milliseconds(300)).per_try, Milliseconds(300));
  EXPECT_EQ(TimeBudget::Effective(Seconds(1), Seconds(1)).per_try, Duration::zero());
  EXPECT_EQ(TimeBudget::Effective(Seconds(1), Seconds(2)).per_try, Duration::zero());
  EXPECT_EQ(TimeBudget::Effective(Seconds(1), Seconds(2)).timeout, Seconds(1));
}

TEST(TimeBudget, WithoutATimeoutThePerTryTimeoutStands) {
  EXPECT_EQ(TimeBudget::Effective(Duration{0}, Seconds(2)).per_try, Seconds(2));
}

TEST(ExpectedTimeout, IsTheSmallerOfPerTryAndWhatIsLeft) {
  const TimeBudget budget{Milliseconds(200), Milliseconds(80)};

  EXPECT_EQ(ExpectedTimeoutMs(budget, Milliseconds(0)), 80u);
  EXPECT_EQ(ExpectedTimeoutMs(budget, Milliseconds(150)), 50u);
  EXPECT_EQ(ExpectedTimeoutMs({Milliseconds(200), Duration{0}}, Milliseconds(50)), 150u);
  EXPECT_EQ(ExpectedTimeoutMs({Duration{0}, Milliseconds(80)}, Seconds(50)), 80u);
}

TEST(ExpectedTimeout, IsAtLeastOneAndAbsentWithoutLimits) {
  EXPECT_EQ(ExpectedTimeoutMs({Milliseconds(200), Duration{0}}, Seconds(9)), 1u);
  EXPECT_EQ(ExpectedTimeoutMs({}, Seconds(9)), std::nullopt);
}

TEST(GrpcTimeout, TheRouteCapsWhatTheClientAsksFor) {
  EXPECT_EQ(GrpcTimeout(Seconds(9), Seconds(2)), Seconds(2));
  EXPECT_EQ(GrpcTimeout(Seconds(1), Seconds(2)), Seconds(1));
  EXPECT_EQ(GrpcTimeout(Seconds(9), Duration{0}), Seconds(9)) << "no timeout: not capped";
  EXPECT_EQ(GrpcTimeout(Duration{0}, Seconds(2)), Seconds(2)) << "zero is no wish to wait for ever";
  EXPECT_EQ(GrpcTimeout(Duration{0}, Duration{0}), Duration{0});
}

}  // namespace
}  // namespace sluice::core

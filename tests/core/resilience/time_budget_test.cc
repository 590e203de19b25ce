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

TEST(GrpcTimeout, KnowsEveryUnit) {
  EXPECT_EQ(ParseGrpcTimeout("2H"), Seconds(7200));
  EXPECT_EQ(ParseGrpcTimeout("3M"), Seconds(180));
  EXPECT_EQ(ParseGrpcTimeout("4S"), Seconds(4));
  EXPECT_EQ(ParseGrpcTimeout("5m"), Milliseconds(5));
  EXPECT_EQ(ParseGrpcTimeout("6u"), Duration(6000));
  EXPECT_EQ(ParseGrpcTimeout("7n"), Duration(7));
  EXPECT_EQ(ParseGrpcTimeout("99999999m"), Milliseconds(99999999));
}

TEST(GrpcTimeout, RefusesWhatTheGrammarDoesNotAllow) {
  for (const char* bad : {"", "1", "S", "1s", "1 S", " 1S", "-1S", "+1S", "123456789S", "1.5S", "0x1S"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
}

TEST(GrpcTimeout, BeyondTheClockIsForever) { EXPECT_EQ(ParseGrpcTimeout("99999999H"), Duration::max()); }

TEST(GrpcTimeout, TheRouteCapsWhatTheClientAsksFor) {
  EXPECT_EQ(GrpcTimeout(Seconds(9), Seconds(2)), Seconds(2));
  EXPECT_EQ(GrpcTimeout(Seconds(1), Seconds(2)), Seconds(1));
  EXPECT_EQ(GrpcTimeout(Seconds(9), Duration{0}), Seconds(9)) << "no timeout: not capped";
  EXPECT_EQ(GrpcTimeout(std::nullopt, Seconds(2)), Seconds(2));
}

}  // namespace
}  // namespace sluice::core

#include "core/stats/ratio_watch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

#include "core/base/random.h"

namespace sluice::core {
namespace {

// core::Random as the standard's distributions want it.
struct Bits {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return random.Next(); }
  Random random;
};

// A life: `users` come in steps so small that every look comes when it is due. Of each step the second arm gets a fair
// share, of which `lost` never arrive. True when the alarm was raised.
bool Alarms(std::uint64_t users, double share, double lost, Bits& bits) {
  RatioWatch watch({static_cast<std::uint64_t>((1 - share) * 1000), static_cast<std::uint64_t>(share * 1000)});
  constexpr std::uint64_t kStep = 250;
  for (std::uint64_t came = 0; came < users; came += kStep) {
    const std::uint64_t second = std::binomial_distribution<std::uint64_t>(kStep, share)(bits);
    const std::uint64_t gone = lost == 0 ? 0 : std::binomial_distribution<std::uint64_t>(second, lost)(bits);
    watch.Count(0, kStep - second);
    watch.Count(1, second - gone);
    if (watch.Look()) return true;
  }
  return false;
}

int AlarmsOf(int lives, std::uint64_t users, double share, double lost) {
  Bits bits{Random(20261126)};
  int alarms = 0;
  for (int i = 0; i < lives; ++i) alarms += Alarms(users, share, lost, bits) ? 1 : 0;
  return alarms;
}

TEST(RatioWatch, LooksAtAThousandUsersAndThenAtEveryQuarterMore) {
  RatioWatch watch({1, 1});
  std::vector<std::uint64_t> looks;

  for (std::uint64_t users = 1; users <= 2'000; ++users) {
    watch.Count(users % 2);
    watch.Look();
    if (looks.empty() ? watch.looked_at() != 0 : watch.looked_at() != looks.back()) looks.push_back(watch.looked_at());
  }

  EXPECT_EQ(looks, (std::vector<std::uint64_t>{1'000, 1'250, 1'563, 1'954}));
}

TEST(RatioWatch, RaisesTheAlarmOnceAndKeepsItsNumbers) {
  RatioWatch watch({1, 1});
  watch.Count(0, 800);
  watch.Count(1, 600);

  const bool raised = watch.Look();
  watch.Count(1, 200);  // looks fine again
  const bool again = watch.Look();

  EXPECT_TRUE(raised);
  EXPECT_FALSE(again);
  EXPECT_TRUE(watch.alarm());
  EXPECT_EQ(watch.looked_at(), 1'400u);
  EXPECT_EQ(watch.counted_then(), (std::vector<std::uint64_t>{800, 600}));
  EXPECT_LT(watch.ratio().p_value, 1e-6);
}

TEST(RatioWatch, UsersOfAnArmWithoutWeightAreNoUsers) {
  RatioWatch watch({1, 1, 0});
  watch.Count(2, 5'000);

  EXPECT_FALSE(watch.Look());
  EXPECT_EQ(watch.users(), 0u);
}

TEST(RatioWatch, AfterARestartItAsksForMore) {
  RatioWatch first({1, 1});
  RatioWatch later({1, 1});
  later.Restart();
  for (RatioWatch* watch : {&first, &later}) {
    watch->Count(0, 5'171);
    watch->Count(1, 4'829);
  }

  EXPECT_TRUE(first.Look());   // p = 0.0006
  EXPECT_FALSE(later.Look());  // beyond 0.001 / 4
}

TEST(RatioWatch, ARestartForgetsWhoWasCounted) {
  RatioWatch watch({1, 1});
  watch.Count(0, 999);
  watch.Restart();
  watch.Count(1, 999);

  EXPECT_FALSE(watch.Look());
  EXPECT_EQ(watch.users(), 999u);
}

// 25 looks at p < 0.001 each: were they independent, 2.5 % of all lives would have an alarm. They share most of their users.
TEST(RatioWatch, LookingOftenRaisesFewFalseAlarms) {
  const int even = AlarmsOf(2'000, 200'000, 0.5, 0);
  const int uneven = AlarmsOf(2'000, 200'000, 0.1, 0);

  RecordProperty("false_alarms_even", even);
  RecordProperty("false_alarms_uneven", uneven);
  EXPECT_LE(even, 30);  // 1.5 %
  EXPECT_LE(uneven, 30);
}

TEST(RatioWatch, TwoPercentLostInOneArmAreFoundInEveryLife) { EXPECT_EQ(AlarmsOf(200, 1'000'000, 0.5, 0.02), 200); }

TEST(RatioWatch, TwoPercentLostAreFoundAmongAMillionUsersOfASmallArm) {
  EXPECT_GE(AlarmsOf(200, 1'000'000, 0.2, 0.02), 198);
}

}  // namespace
}  // namespace sluice::core

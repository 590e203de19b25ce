#include "core/route/traffic_split.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace sluice::core {
namespace {

std::vector<WeightedDestination> Split(const std::vector<std::pair<std::string, std::uint32_t>>& shares) {
  std::vector<WeightedDestination> all;
  std::uint64_t sum = 0;
  for (const auto& [subset, weight] : shares) {
    WeightedDestination destination;
    destination.host = "ranking.svc";
    destination.subset = subset;
    destination.weight = weight;
    destination.cumulative = sum += weight;
    all.push_back(destination);
  }
  return all;
}

TEST(TrafficSplit, EveryDrawFallsIntoTheIntervalOfItsDestination) {
  const auto split = Split({{"v45", 90}, {"v46", 3}, {"v47", 7}});

  std::array<int, 3> hits{};
  for (std::uint64_t draw = 0; draw < 200; ++draw)
    ++hits.at(static_cast<std::size_t>(&ChooseByDraw(split, draw) - split.data()));

  EXPECT_EQ(hits, (std::array<int, 3>{180, 6, 14}));
  EXPECT_EQ(ChooseByDraw(split, 89).subset, "v45");
  EXPECT_EQ(ChooseByDraw(split, 90).subset, "v46");
  EXPECT_EQ(ChooseByDraw(split, 93).subset, "v47");
  EXPECT_EQ(ChooseByDraw(split, 100).subset, "v45");
}

TEST(TrafficSplit, WeightsNeedNotSumToAHundred) {
  const auto split = Split({{"a", 1}, {"b", 2}});

  std::array<int, 2> hits{};
  for (std::uint64_t draw = 0; draw < 300; ++draw)
    ++hits.at(static_cast<std::size_t>(&ChooseByDraw(split, draw) - split.data()));

  EXPECT_EQ(hits, (std::array<int, 2>{100, 200}));
}

TEST(TrafficSplit, ALoneDestinationTakesEverythingEvenWithWeightZero) {
  const auto lone = Split({{"v45", 0}});

  EXPECT_EQ(ChooseByDraw(lone, 12345).subset, "v45");
  EXPECT_EQ(ChooseByUser(lone, 12345).subset, "v45");
}

// Chi-square with two degrees of freedom; 13.8 is exceeded by chance once in a thousand, and the seed is fixed.
TEST(TrafficSplit, RandomDrawsFollowTheWeights) {
  const auto split = Split({{"a", 70}, {"b", 25}, {"c", 5}});
  constexpr int kDraws = 100'000;
  Random random(7);

  std::array<double, 3> hits{};
  for (int i = 0; i < kDraws; ++i)
    ++hits.at(static_cast<std::size_t>(&ChooseByDraw(split, random.Next()) - split.data()));

  double chi_square = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    const double expected = kDraws * split[i].weight / 100.0;
    chi_square += (hits.at(i) - expected) * (hits.at(i) - expected) / expected;
  }
  EXPECT_LT(chi_square, 13.8);
}

TEST(TrafficSplit, UsersFollowTheWeightsToo) {
  const auto split = Split({{"a", 70}, {"b", 25}, {"c", 5}});
  constexpr int kUsers = 100'000;
  Random random(11);

  std::array<double, 3> hits{};
  for (int i = 0; i < kUsers; ++i)
    ++hits.at(static_cast<std::size_t>(&ChooseByUser(split, random.Next()) - split.data()));

  double chi_square = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    const double expected = kUsers * split[i].weight / 100.0;
    chi_square += (hits.at(i) - expected) * (hits.at(i) - expected) / expected;
  }
  EXPECT_LT(chi_square, 13.8);
}

TEST(TrafficSplit, AChangeOfWeightsMovesOnlyUsersWhoMustMove) {
  const auto before = Split({{"v45", 90}, {"v47", 10}});
  const auto after = Split({{"v45", 75}, {"v47", 25}});
  Random random(3);

  int towards = 0;
  int back = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t user = random.Next();
    const std::string& old_subset = ChooseByUser(before, user).subset;
    const std::string& new_subset = ChooseByUser(after, user).subset;
    if (old_subset == "v45" && new_subset == "v47") ++towards;
    if (old_subset == "v47" && new_subset == "v45") ++back;
  }

  EXPECT_EQ(back, 0);
  EXPECT_NEAR(towards, 3000, 200);  // 15 % of 20,000
}

TEST(TrafficSplit, AUserStaysWhenDestinationsAreListedInAnotherOrder) {
  const auto one = Split({{"v45", 50}, {"v47", 50}});
  const auto other = Split({{"v47", 50}, {"v45", 50}});
  Random random(5);

  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t user = random.Next();
    ASSERT_EQ(ChooseByUser(one, user).subset, ChooseByUser(other, user).subset);
  }
}

TEST(TrafficSplit, WeightZeroAttractsNoUser) {
  const auto split = Split({{"v45", 0}, {"v47", 100}});

  for (std::uint64_t user = 0; user < 1000; ++user) ASSERT_EQ(ChooseByUser(split, user).subset, "v47");
}

}  // namespace
}  // namespace sluice::core

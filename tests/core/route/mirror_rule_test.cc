#include "core/route/mirror_rule.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::core {
namespace {

Mirror To(std::uint32_t cluster, std::uint32_t per_million) {
  return {ClusterId{cluster}, "ranking.svc", "v47", per_million};
}

std::uint32_t Count(const std::vector<Mirror>& mirrors, std::uint64_t draw) {
  SelectedMirrors selected{};
  return SelectMirrors(mirrors, draw, selected);
}

TEST(MirrorRule, TheShareIsExactOverAMillionDraws) {
  const std::vector<Mirror> ten_percent = {To(1, 100'000)};

  std::uint32_t hits = 0;
  for (std::uint64_t draw = 0; draw < kPerMillion; ++draw) hits += Count(ten_percent, draw);

  EXPECT_EQ(hits, 100'000u);
}

TEST(MirrorRule, ZeroNeverAndAHundredPercentAlways) {
  EXPECT_EQ(Count({To(1, 0)}, 0), 0u);
  EXPECT_EQ(Count({To(1, 1'000'000)}, 999'999), 1u);
  EXPECT_EQ(Count({To(1, 1'000'000)}, UINT64_MAX), 1u);
}

TEST(MirrorRule, TwoMirrorsSelectNestedSets) {
  const std::vector<Mirror> mirrors = {To(1, 50'000), To(2, 100'000)};
  SelectedMirrors selected{};

  EXPECT_EQ(SelectMirrors(mirrors, 49'999, selected), 2u);
  EXPECT_EQ(SelectMirrors(mirrors, 50'000, selected), 1u);
  EXPECT_EQ(selected[0]->cluster, ClusterId{2});
  EXPECT_EQ(SelectMirrors(mirrors, 100'000, selected), 0u);
}

TEST(MirrorRule, UndefinedClustersAreNeverSelected) {
  Mirror undefined = To(1, 1'000'000);
  undefined.cluster = {};

  EXPECT_EQ(Count({undefined}, 0), 0u);
}

TEST(MirrorRule, NoMoreThanTheLimitAreSelected) {
  EXPECT_EQ(Count(std::vector<Mirror>(kMirrorsMax + 3, To(1, 1'000'000)), 0), kMirrorsMax);
}

}  // namespace
}  // namespace sluice::core

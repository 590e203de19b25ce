#include "bench/loadgen/stickiness.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

TEST(Stickiness, AnswersByAnotherThanTheMainVersionAreAstray) {
  Stickiness watch;
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{0, 0, 1, 0}) watch.Count(5, version);
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{1, 1, 1}) watch.Count(6, version);
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{0, 1, 2, 1}) watch.Count(70'000, version);

  const auto told = watch.Tell();

  EXPECT_EQ(told.units, 3U);
  EXPECT_EQ(told.units_split, 2U);
  EXPECT_EQ(told.answers_astray, 1U + 2U);
  EXPECT_EQ(told.units_of[0], 1U);
  EXPECT_EQ(told.units_of[1], 2U);
}

TEST(Stickiness, AUnitThatTwoThreadsSawDifferentlyIsFoundByTheMerge) {
  VersionTable here;
  VersionTable there;
  Stickiness a;
  Stickiness b;
  a.Count(1, here.Number("v45"));
  a.Count(2, here.Number("v45"));
  b.Count(1, there.Number("v47"));
  b.Count(2, there.Number("v45"));
  EXPECT_EQ(a.Tell().units_split + b.Tell().units_split, 0U);

  a.Merge(b, here.TakeIn(there));

  EXPECT_EQ(a.Tell().units, 2U);
  EXPECT_EQ(a.Tell().units_split, 1U);
  EXPECT_EQ(a.Tell().answers_astray, 1U);
}

TEST(Stickiness, UnitsBeyondTheBoundAreNotWatchedAndThatIsTold) {
  Stickiness watch;
  watch.Count(Stickiness::kUnitsMax - 1, 0);
  watch.Count(Stickiness::kUnitsMax, 0);
  watch.Count(1'000'000'000'000, 1);

  EXPECT_EQ(watch.Tell().units, 1U);
  EXPECT_EQ(watch.Tell().answers_unwatched, 2U);
}

}  // namespace
}  // namespace sluice::bench

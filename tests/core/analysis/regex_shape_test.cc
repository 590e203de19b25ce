// What is taken apart and what is left alone. That the taken apart means what RE2 means: text_finder_test.
#include "core/analysis/regex_shape.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(RegexShapeTest, ASequenceOfBytesKeepsItsOrder) {
  const auto shape = ParseRegexShape("a[bc]");

  ASSERT_TRUE(shape.has_value());
  ASSERT_EQ(shape->parts.size(), 2U);
  EXPECT_TRUE(shape->parts[0].bytes.test('a'));
  EXPECT_EQ(shape->parts[1].bytes.count(), 2U);
}

TEST(RegexShapeTest, RepetitionsCarryTheirBounds) {
  const auto shape = ParseRegexShape("a{2,5}?b+");

  ASSERT_TRUE(shape.has_value());
  EXPECT_EQ(shape->parts[0].min, 2);
  EXPECT_EQ(shape->parts[0].max, 5);
  EXPECT_EQ(shape->parts[1].min, 1);
  EXPECT_EQ(shape->parts[1].max, RegexShape::kUnbounded);
}

TEST(RegexShapeTest, ABraceThatCountsNothingStandsForItself) {
  const auto shape = ParseRegexShape("a{x}");

  ASSERT_TRUE(shape.has_value());
  EXPECT_EQ(shape->parts.size(), 4U);
}

TEST(RegexShapeTest, FlagsHoldToTheEndOfTheirGroup) {
  const auto shape = ParseRegexShape("((?i)a)b");

  ASSERT_TRUE(shape.has_value());
  EXPECT_TRUE(shape->parts[0].parts[1].bytes.test('A'));
  EXPECT_FALSE(shape->parts[1].bytes.test('B'));
}

TEST(RegexShapeTest, WhatIsNotModelledIsRefused) {
  for (const char* pattern : {"\\bfoo", "\\p{Greek}", "\\Qa.b\\E", "\\C", "é", "[\\x{100}-\\x{200}]", "\\1"}) {
    EXPECT_FALSE(ParseRegexShape(pattern).has_value()) << pattern;
  }
}

}  // namespace
}  // namespace sluice::core

#include "core/canary/number_text.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(NumberText, CountsHaveCommasByThousands) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(4012), "4,012");
  EXPECT_EQ(CountText(1'234'567'890), "1,234,567,890");
}

TEST(NumberText, PercentagesShowTheDigitsThatMatter) {
  EXPECT_EQ(PercentText(100), "100 %");
  EXPECT_EQ(PercentText(12.34), "12.3 %");
  EXPECT_EQ(PercentText(5.08), "5.1 %");
  EXPECT_EQ(PercentText(0.0997), "0.1 %");
  EXPECT_EQ(PercentText(0.123), "0.12 %");
  EXPECT_EQ(PercentText(0.0012), "0.0012 %");
  EXPECT_EQ(PercentText(0), "0 %");
  EXPECT_EQ(PointsText(0.5), "0.5");
}

TEST(NumberText, TimesAreMilliseconds) {
  EXPECT_EQ(MillisecondsText(212'400), "212 ms");
  EXPECT_EQ(MillisecondsText(8'230), "8.2 ms");
  EXPECT_EQ(MillisecondsText(350), "0.35 ms");
  EXPECT_EQ(MillisecondsText(30'000'000), "30000 ms");
}

TEST(NumberText, QuantilesKeepTheirNines) {
  EXPECT_EQ(QuantileText(0.5), "p50");
  EXPECT_EQ(QuantileText(0.99), "p99");
  EXPECT_EQ(QuantileText(0.999), "p99.9");
  EXPECT_EQ(QuantileText(0.9999), "p99.99");
}

TEST(NumberText, HoldsReadAsTheyAreWritten) {
  EXPECT_EQ(HoldText(Milliseconds(200)), "200ms");
  EXPECT_EQ(HoldText(Seconds(45)), "45s");
  EXPECT_EQ(HoldText(Seconds(600)), "10m");
  EXPECT_EQ(HoldText(Milliseconds(90'400)), "1m30s");
  EXPECT_EQ(HoldText(Seconds(5400)), "1h30m");
  EXPECT_EQ(HoldText(Seconds(3600)), "1h");
}

}  // namespace
}  // namespace sluice::core

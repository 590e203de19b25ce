#include "config/duration.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::config {
namespace {

using core::Duration;
using core::Milliseconds;
using core::Seconds;

Duration Parsed(const char* text) {
  const auto duration = ParseDuration(text);
  EXPECT_TRUE(duration.has_value()) << text;
  return duration.has_value() ? *duration : Duration(-1);
}

TEST(Duration, EveryUnitIsRead) {
  EXPECT_EQ(Parsed("2h"), Seconds(7200));
  EXPECT_EQ(Parsed("3m"), Seconds(180));
  EXPECT_EQ(Parsed("30s"), Seconds(30));
  EXPECT_EQ(Parsed("200ms"), Milliseconds(200));
  EXPECT_EQ(Parsed("1500us"), Duration(1'500'000));
  EXPECT_EQ(Parsed("7ns"), Duration(7));
}

TEST(Duration, PartsAddUpAndMayBeDecimal) {
  EXPECT_EQ(Parsed("1h2m3s"), Seconds(3723));
  EXPECT_EQ(Parsed("1.5h"), Seconds(5400));
  EXPECT_EQ(Parsed("0.1s"), Milliseconds(100));
  EXPECT_EQ(Parsed("1m500ms"), Milliseconds(60'500));
  EXPECT_EQ(Parsed("0s"), Duration(0));
  EXPECT_EQ(Parsed("10000h"), Seconds(36'000'000));
}

TEST(Duration, AnythingElseIsRefusedWithACure) {
  for (const char* text : {"",
                           "5",
                           "s",
                           "-1s",
                           "+1s",
                           "1 s",
                           " 1s",
                           "1s ",
                           ".5s",
                           "1..5s",
                           "1.5.5s",
                           "1e3s",
                           "1d",
                           "5sec",
                           "0x10s",
                           "nan s",
                           "1s2",
                           "10001h",
                           "99999999999999999999999999h",
                           "1S"}) {
    const auto duration = ParseDuration(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_FALSE(duration.error().cure.empty()) << text;
  }
  const std::string endless(1'000'000, '9');
  EXPECT_FALSE(ParseDuration(endless).has_value());
}

TEST(Duration, MessagesNameItInTheLargestUnitThatFits) {
  EXPECT_EQ(FormatDuration(Seconds(90)), "90s");
  EXPECT_EQ(FormatDuration(Milliseconds(200)), "200ms");
  EXPECT_EQ(FormatDuration(Duration(1'500'000)), "1.5ms");
}

}  // namespace
}  // namespace sluice::config

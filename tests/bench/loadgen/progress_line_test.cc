#include "bench/loadgen/progress_line.h"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LiveCounts::Sum SumOf(const LiveCounts& counts) {
  LiveCounts::Sum sum;
  counts.AddTo(sum);
  return sum;
}

TEST(LiveCounts, QuantilesAreOfWhatCameSince) {
  LiveCounts counts;
  for (int i = 0; i < 1000; ++i) counts.CountAnswer(milliseconds(500), 0, "v45");
  const auto before = SumOf(counts);
  for (int i = 0; i < 98; ++i) counts.CountAnswer(milliseconds(1), 0, "v45");
  for (int i = 0; i < 2; ++i) counts.CountAnswer(milliseconds(20), 1, "v47");
  const auto now = SumOf(counts);

  EXPECT_EQ(now.answered - before.answered, 100U);
  EXPECT_NEAR(static_cast<double>(now.QuantileSince(before, 0.5).count()) / 1e6, 1, 0.07);
  EXPECT_NEAR(static_cast<double>(now.QuantileSince(before, 0.99).count()) / 1e6, 20, 1.3);
  EXPECT_EQ(now.QuantileSince(now, 0.5).count(), 0);
  EXPECT_EQ(now.versions.at("v45"), 1098U);
}

TEST(LiveCounts, SumsOverThreadsByNameWhileTheyWrite) {
  LiveCounts a;
  LiveCounts b;
  constexpr int kAnswers = 50'000;
  std::thread first([&] {
    for (int i = 0; i < kAnswers; ++i) a.CountAnswer(milliseconds(1), i % 2 == 0 ? 0 : 1, i % 2 == 0 ? "v45" : "v47");
  });
  std::thread second([&] {
    for (int i = 0; i < kAnswers; ++i) b.CountAnswer(milliseconds(1), 0, "v47");
  });
  LiveCounts::Sum sum;
  while (sum.answered < 2 * kAnswers) {
    sum = {};
    a.AddTo(sum);
    b.AddTo(sum);
    for (const auto& [name, count] : sum.versions) EXPECT_TRUE(name == "v45" || name == "v47") << name;
  }
  first.join();
  second.join();
  sum = {};
  a.AddTo(sum);
  b.AddTo(sum);
  EXPECT_EQ(sum.versions.at("v45"), kAnswers / 2U);
  EXPECT_EQ(sum.versions.at("v47"), kAnswers * 3 / 2U);
}

TEST(LiveCounts, VersionsThatFitNoLineAreLeftOutAndLongNamesCut) {
  LiveCounts counts;
  for (std::uint8_t i = 0; i < 60; ++i)
    counts.CountAnswer(milliseconds(1), i, std::string(100, static_cast<char>('a' + i % 26)));
  const auto sum = SumOf(counts);
  EXPECT_EQ(sum.answered, 60U);
  EXPECT_EQ(sum.versions.size(), LiveCounts::kVersionsMax);
  EXPECT_EQ(sum.versions.begin()->first, std::string(24, 'a'));
}

TEST(ProgressLine, TellsRateLatencyLossesAndSplitOfTheLastSecond) {
  std::ostringstream out;
  LiveCounts counts;
  ProgressLine line(out, {}, "closed loop", seconds(1), seconds(11));
  line.Show(milliseconds(500), SumOf(counts));
  line.Show(seconds(1), SumOf(counts));
  for (int i = 0; i < 900; ++i) counts.CountAnswer(std::chrono::microseconds(250), 0, "v45");
  for (int i = 0; i < 100; ++i) counts.CountAnswer(std::chrono::microseconds(250), 1, "v47\x1b");
  counts.CountLost();
  line.Show(seconds(2), SumOf(counts));
  line.Clear();

  const std::string text = out.str();
  EXPECT_TRUE(text.starts_with("0 s of 11 s  closed loop  warming up\n")) << text;
  EXPECT_TRUE(
      text.ends_with("2 s of 11 s  closed loop  1000/s  p50 0.254 ms  p99 0.254 ms  lost 1  v45 90.0 %  v47? 10.0 %\n"))
      << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ProgressLine, IsWrittenOverItselfOnATerminalAndWipedAtTheEnd) {
  std::ostringstream out;
  LiveCounts counts;
  {
    ProgressLine line(out, {.in_place = true, .colour = false, .columns = 12}, "closed loop", seconds(0), seconds(0));
    line.Show(seconds(1), SumOf(counts));
    line.Show(seconds(2), SumOf(counts));
  }
  // Cut one short of the width, so that the cursor does not move to the next line.
  EXPECT_EQ(out.str(), "\r\x1b[K1 s  closed\r\x1b[K2 s  closed\r\x1b[K");
}

TEST(ProgressLine, ColoursOnlyWhenAskedTo) {
  std::ostringstream out;
  LiveCounts counts;
  counts.CountLost();
  ProgressLine line(out, {.in_place = true, .colour = true}, "x", seconds(0), seconds(0));
  line.Show(seconds(1), SumOf(counts));
  EXPECT_NE(out.str().find("\x1b[31m  lost 1\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace sluice::bench

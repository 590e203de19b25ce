#include "bench/loadgen/time_series.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

VersionTable::Mapping Same() {
  VersionTable::Mapping mapping{};
  for (std::size_t i = 0; i < mapping.size(); ++i) mapping[i] = static_cast<std::uint8_t>(i);
  return mapping;
}

TEST(TimeSeries, AnswersAndLossesAreCountedInTheSliceTheyFellIn) {
  TimeSeries series;
  series.CountAnswer(milliseconds(50), milliseconds(3), 0);
  series.CountAnswer(milliseconds(250), milliseconds(5), 1);
  series.CountLost(milliseconds(299));

  ASSERT_EQ(series.slices().size(), 3U);
  EXPECT_EQ(series.slices()[0].versions[0], 1U);
  EXPECT_EQ(series.slices()[1].latency.count(), 0U);
  EXPECT_EQ(series.slices()[2].versions[1], 1U);
  EXPECT_EQ(series.slices()[2].lost, 1U);
}

TEST(TimeSeries, ADayTakesNoMoreSlicesThanAMinuteAndLosesNothing) {
  TimeSeries series;
  for (int second = 0; second < 86'400; second += 10) series.CountAnswer(seconds(second), milliseconds(second % 7), 2);

  EXPECT_LE(series.slices().size(), TimeSeries::kSlicesMax);
  EXPECT_GE(series.slices().size(), TimeSeries::kSlicesMax / 2);
  std::uint64_t count = 0;
  for (const TimeSlice& slice : series.slices()) {
    EXPECT_EQ(slice.versions[2], slice.latency.count());
    count += slice.latency.count();
  }
  EXPECT_EQ(count, 8640U);
}

TEST(TimeSeries, SeriesOfDifferentWidthAreMergedToTheWiderOne) {
  TimeSeries narrow;
  TimeSeries wide;
  for (int i = 0; i < 100; ++i) narrow.CountAnswer(milliseconds(100 * i), milliseconds(1), 0);
  for (int i = 0; i < 100; ++i) wide.CountAnswer(seconds(i), milliseconds(1), 1);

  TimeSeries merged = narrow;
  merged.Merge(wide, Same());
  TimeSeries other = wide;
  other.Merge(narrow, Same());

  EXPECT_EQ(merged.width(), wide.width());
  ASSERT_EQ(merged.slices().size(), other.slices().size());
  for (std::size_t i = 0; i < merged.slices().size(); ++i) {
    EXPECT_EQ(merged.slices()[i].versions, other.slices()[i].versions) << i;
    EXPECT_TRUE(merged.slices()[i].latency == other.slices()[i].latency) << i;
  }
}

}  // namespace
}  // namespace sluice::bench

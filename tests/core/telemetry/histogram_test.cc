#include "core/telemetry/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::core {
namespace {

TEST(HistogramBounds, BucketIsTheFirstBoundThatTheValueDoesNotExceed) {
  const HistogramBounds bounds;

  EXPECT_EQ(bounds.Bucket(0), 0u);  // le 0.5
  EXPECT_EQ(bounds.Bucket(1), 1u);  // le 1
  EXPECT_EQ(bounds.Bucket(2), 2u);  // le 5
  EXPECT_EQ(bounds.Bucket(5), 2u);
  EXPECT_EQ(bounds.Bucket(6), 3u);
  EXPECT_EQ(bounds.Bucket(3'600'000), 18u);
  EXPECT_EQ(bounds.Bucket(3'600'001), 19u);
  EXPECT_EQ(bounds.Bucket(UINT64_MAX), 19u);
}

TEST(HistogramBounds, BucketAgreesWithASearchForEveryValueAroundABound) {
  const std::vector<double> extra = {75, 200, 0.25};
  const HistogramBounds bounds(kStandardBounds, extra, 1000);

  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto limit = static_cast<std::uint64_t>(bounds.upper(i) * 1000);
    for (const std::uint64_t value : {limit - 1, limit, limit + 1}) {
      std::size_t expected = 0;
      while (expected < bounds.size() && static_cast<double>(value) > bounds.upper(expected) * 1000) ++expected;
      EXPECT_EQ(bounds.Bucket(value), expected) << value;
    }
  }
}

TEST(HistogramBounds, ExtraBoundsAreSortedInOnceAndBounded) {
  std::vector<double> extra = {75, 75, 10, -1, 0};
  for (int i = 0; i < 100; ++i) extra.push_back(101.0 + i);

  const HistogramBounds bounds(kStandardBounds, extra);

  EXPECT_LE(bounds.size(), HistogramBounds::kBoundsMax);
  for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds.upper(i - 1), bounds.upper(i));
}

TEST(Histogram, SumsAndCountsSurviveMerging) {
  const HistogramBounds bounds;
  Histogram one(bounds);
  Histogram two(bounds);
  one.Observe(3);
  one.Observe(7);
  two.Observe(4'000'000);

  HistogramTotal total;
  total.Add(one);
  HistogramTotal other;
  other.Add(two);
  total.Add(other);

  EXPECT_EQ(total.count(), 3u);
  EXPECT_EQ(total.count(2), 1u);
  EXPECT_EQ(total.count(19), 1u);
  EXPECT_DOUBLE_EQ(total.sum(), 4'000'010);
}

TEST(Histogram, ScaleTurnsMicrosecondsIntoExportedSeconds) {
  const std::vector<double> seconds = {0.001, 0.01};
  const HistogramBounds bounds(seconds, {}, 1'000'000);
  Histogram histogram(bounds);
  histogram.Observe(1'000);
  histogram.Observe(2'500);

  HistogramTotal total;
  total.Add(histogram);

  EXPECT_EQ(total.count(0), 1u);
  EXPECT_EQ(total.count(1), 1u);
  EXPECT_DOUBLE_EQ(total.sum(), 0.0035);
}

TEST(HistogramTotal, QuantileInterpolatesWithinTheBucket) {
  const HistogramBounds bounds;
  Histogram histogram(bounds);
  for (int i = 0; i < 100; ++i) histogram.Observe(20);  // bucket (10, 25]

  HistogramTotal total;
  total.Add(histogram);

  EXPECT_DOUBLE_EQ(total.Quantile(0.5), 17.5);
  EXPECT_DOUBLE_EQ(total.Quantile(1), 25);
}

TEST(HistogramTotal, QuantileOfNothingIsZeroAndOfTheEndlessBucketItsLowerBound) {
  const HistogramBounds bounds;
  Histogram histogram(bounds);
  histogram.Observe(UINT64_MAX / 2);
  HistogramTotal total;

  EXPECT_DOUBLE_EQ(total.Quantile(0.99), 0);
  total.Add(histogram);
  EXPECT_DOUBLE_EQ(total.Quantile(0.99), 3'600'000);
}

}  // namespace
}  // namespace sluice::core

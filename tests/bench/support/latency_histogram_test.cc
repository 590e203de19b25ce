#include "bench/support/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/random.h"

namespace sluice::bench {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, QuantilesAreWithinOnePercentOfTheSortedTruth) {
  core::Random random(11);
  LatencyHistogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t value = random.Below(1ULL << (5 + random.Below(30)));
    values.push_back(value);
    histogram.Add(nanoseconds(value));
  }
  std::ranges::sort(values);

  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto truth = static_cast<double>(values[static_cast<std::size_t>(q * 50'000) - 1]);
    const auto told = static_cast<double>(histogram.Quantile(q).count());
    EXPECT_GE(told, truth) << q;
    EXPECT_LE(told, truth * 1.01 + 1) << q;
  }
  EXPECT_EQ(histogram.Quantile(1.0), nanoseconds(values.back()));
}

TEST(LatencyHistogram, EmptyIsZeroAndHugeIsKeptInTheLastBucket) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), nanoseconds(0));
  EXPECT_EQ(histogram.Mean(), nanoseconds(0));

  histogram.Add(std::chrono::hours(2));

  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max(), nanoseconds(std::chrono::hours(2)));
}

TEST(LatencyHistogram, MergeAddsUp) {
  LatencyHistogram a;
  LatencyHistogram b;
  a.Add(nanoseconds(10));
  b.Add(nanoseconds(30));

  a.Merge(b);

  EXPECT_EQ(a.count(), 2U);
  EXPECT_EQ(a.Mean(), nanoseconds(20));
  EXPECT_EQ(a.max(), nanoseconds(30));
}

TEST(LatencyHistogram, WhatFourRecordedApartIsBucketByBucketWhatOneRecords) {
  core::Random random(23);
  LatencyHistogram whole;
  std::array<LatencyHistogram, 4> parts;
  for (int i = 0; i < 100'000; ++i) {
    const nanoseconds value(random.Below(1ULL << (1 + random.Below(42))));
    whole.Add(value);
    parts.at(random.Below(4)).Add(value);
  }

  LatencyHistogram merged;
  for (const LatencyHistogram& part : parts) merged.Merge(part);

  EXPECT_TRUE(merged == whole);
  for (const double q : {0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) EXPECT_EQ(merged.Quantile(q), whole.Quantile(q));
  EXPECT_EQ(merged.Compact(), whole.Compact());
}

TEST(LatencyHistogram, TheCompactFormLosesNothing) {
  core::Random random(29);
  LatencyHistogram histogram;
  EXPECT_TRUE(*LatencyHistogram::Parse(histogram.Compact()) == histogram);
  for (int i = 0; i < 10'000; ++i) histogram.Add(nanoseconds(random.Below(1ULL << (1 + random.Below(42)))));
  EXPECT_TRUE(*LatencyHistogram::Parse(histogram.Compact()) == histogram);
}

TEST(LatencyHistogram, BrokenCompactFormsAreRefused) {
  for (const std::string_view text :
       {"", "1", "1 x", "-1 5", "5 5 3", "5 5 3:", "5 5 :3", "5 5 3:0", "5 5 3:1 3:1", "5 5 4:1 3:1", "5 5 4352:1",
        "5 5 3:99999999999999999", "5 99999999999999999999 1:1", "5 5  3:1"}) {
    EXPECT_FALSE(LatencyHistogram::Parse(text)) << text;
  }
}

TEST(LatencyHistogram, EveryBucketEndsWhereTheNextBegins) {
  for (std::size_t i = 0; i + 1 < LatencyHistogram::kBuckets; ++i) {
    ASSERT_EQ(LatencyHistogram::BucketOf(LatencyHistogram::UpperEdge(i)), i);
    ASSERT_EQ(LatencyHistogram::BucketOf(LatencyHistogram::UpperEdge(i) + 1), i + 1);
  }
}

}  // namespace
}  // namespace sluice::bench

#include "core/telemetry/latency_buckets.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::core {
namespace {

TEST(LatencyBuckets, EveryBucketBeginsWhereTheOneBeforeEnds) {
  EXPECT_EQ(LatencyBucketBegin(0), 0u);
  for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    EXPECT_EQ(LatencyBucketEnd(bucket), LatencyBucketBegin(bucket + 1));
    EXPECT_LT(LatencyBucketBegin(bucket), LatencyBucketEnd(bucket));
  }
}

TEST(LatencyBuckets, FirstAndLastMicrosecondOfEveryBucketAreInIt) {
  for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    EXPECT_EQ(LatencyBucket(LatencyBucketBegin(bucket)), bucket);
    EXPECT_EQ(LatencyBucket(LatencyBucketEnd(bucket) - 1), bucket);
  }
}

TEST(LatencyBuckets, NoneIsWiderThanAThirtySecondOfWhatIsInIt) {
  for (std::size_t bucket = kLatencySteps; bucket < kLatencyBuckets; ++bucket) {
    const std::uint64_t width = LatencyBucketEnd(bucket) - LatencyBucketBegin(bucket);

    EXPECT_LE(width * 32, LatencyBucketBegin(bucket));
  }
}

TEST(LatencyBuckets, WhatIsBeyondTheLastFallsIntoIt) {
  const std::uint64_t end = LatencyBucketEnd(kLatencyBuckets - 1);

  EXPECT_EQ(end, 33'554'432u);  // 2^25 us, 33.6 s
  EXPECT_EQ(LatencyBucket(end), kLatencyBuckets - 1);
  EXPECT_EQ(LatencyBucket(std::numeric_limits<std::uint64_t>::max()), kLatencyBuckets - 1);
}

}  // namespace
}  // namespace sluice::core

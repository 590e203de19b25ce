#include "core/telemetry/version_meter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sluice::core {
namespace {

TEST(VersionMeter, CountsAnswersErrorsAndThoseWhoLeft) {
  VersionMeter meter;

  meter.OnAnswer(false, Milliseconds(2));
  meter.OnAnswer(true, Milliseconds(3));
  meter.OnAbandoned(Milliseconds(50));

  EXPECT_EQ(meter.answers(), 2u);
  EXPECT_EQ(meter.errors(), 1u);
  EXPECT_EQ(meter.abandoned(), 1u);
  EXPECT_EQ(meter.sum_us(), 55'000u);
  EXPECT_EQ(meter.latency(LatencyBucket(2'000)), 1u);
  EXPECT_EQ(meter.latency(LatencyBucket(3'000)), 1u);
  EXPECT_EQ(meter.latency(LatencyBucket(50'000)), 1u);
}

TEST(VersionMeter, TakesNoTimeForLessThanNone) {
  VersionMeter meter;

  meter.OnAnswer(false, Milliseconds(-5));
  meter.OnAnswer(false, Duration(999));

  EXPECT_EQ(meter.sum_us(), 0u);
  EXPECT_EQ(meter.latency(0), 2u);
}

TEST(VersionSample, IsTheSumOfAllWorkers) {
  VersionMeters meters(3);
  meters.OfWorker(0).OnAnswer(false, Milliseconds(1));
  meters.OfWorker(2).OnAnswer(true, Milliseconds(9));
  meters.OfWorker(2).OnAbandoned(Milliseconds(4));

  const VersionSample sample = VersionSample::Of(meters);

  EXPECT_EQ(sample.answers, 2u);
  EXPECT_EQ(sample.errors, 1u);
  EXPECT_EQ(sample.abandoned, 1u);
  EXPECT_EQ(sample.sum_us, 14'000u);
  EXPECT_EQ(sample.timed(), 3u);
}

TEST(VersionSample, SinceIsWhatCameAfter) {
  VersionMeters meters(1);
  meters.OfWorker(0).OnAnswer(true, Milliseconds(1));
  const VersionSample before = VersionSample::Of(meters);
  meters.OfWorker(0).OnAnswer(false, Milliseconds(7));
  meters.OfWorker(0).OnAbandoned(Milliseconds(2));

  const VersionSample since = VersionSample::Of(meters).Since(before);

  EXPECT_EQ(since.answers, 1u);
  EXPECT_EQ(since.errors, 0u);
  EXPECT_EQ(since.abandoned, 1u);
  EXPECT_EQ(since.sum_us, 9'000u);
  EXPECT_EQ(since.timed(), 2u);
}

TEST(VersionSample, SinceALaterOneIsNothing) {
  VersionMeters meters(1);
  const VersionSample before = VersionSample::Of(meters);
  meters.OfWorker(0).OnAnswer(true, Milliseconds(1));
  const VersionSample after = VersionSample::Of(meters);

  const VersionSample since = before.Since(after);

  EXPECT_EQ(since.answers, 0u);
  EXPECT_EQ(since.errors, 0u);
  EXPECT_EQ(since.timed(), 0u);
}

TEST(VersionSample, HasNoErrorWithoutItsAnswer) {
  VersionSample before;
  before.answers = 5;
  VersionSample after;
  after.answers = 5;
  after.errors = 1;  // of the fifth, counted after `before` was read

  EXPECT_EQ(after.Since(before).errors, 0u);
}

TEST(VersionSample, AddsUp) {
  VersionMeters meters(1);
  meters.OfWorker(0).OnAnswer(true, Milliseconds(1));
  VersionSample sum = VersionSample::Of(meters);

  sum.Add(VersionSample::Of(meters));

  EXPECT_EQ(sum.answers, 2u);
  EXPECT_EQ(sum.errors, 2u);
  EXPECT_EQ(sum.sum_us, 2'000u);
  EXPECT_EQ(sum.latency[LatencyBucket(1'000)], 2u);
}

TEST(VersionSample, QuantilesAreInterpolatedWithinTheBucket) {
  VersionSample sample;
  const std::size_t bucket = LatencyBucket(1'000);
  sample.latency[bucket] = 4;

  EXPECT_DOUBLE_EQ(sample.Quantile(1), static_cast<double>(LatencyBucketEnd(bucket)));
  EXPECT_DOUBLE_EQ(
      sample.Quantile(0.5),
      (static_cast<double>(LatencyBucketBegin(bucket)) + static_cast<double>(LatencyBucketEnd(bucket))) / 2);
}

TEST(VersionSample, QuantilesAreWithinAThirtySecondOfTheTruth) {
  VersionMeters meters(1);
  for (int i = 1; i <= 10'000; ++i) meters.OfWorker(0).OnAnswer(false, std::chrono::microseconds(i * 10));

  const VersionSample sample = VersionSample::Of(meters);

  for (const double quantile : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(sample.Quantile(quantile), quantile * 100'000, quantile * 100'000 / 32) << quantile;
  }
}

TEST(VersionSample, WithoutTimesAQuantileIsZero) { EXPECT_EQ(VersionSample().Quantile(0.99), 0); }

TEST(VersionMeters, AreReadWhileTheirWorkersGoOn) {
  VersionMeters meters(2);
  std::atomic<bool> done = false;
  std::thread worker([&] {
    for (int i = 0; i < 200'000; ++i) meters.OfWorker(1).OnAnswer(true, Milliseconds(1));
    done = true;
  });

  VersionSample before = VersionSample::Of(meters);
  while (!done) {
    const VersionSample now = VersionSample::Of(meters);
    ASSERT_LE(now.errors, now.answers);
    ASSERT_LE(now.Since(before).errors, now.Since(before).answers);
    before = now;
  }
  worker.join();

  EXPECT_EQ(VersionSample::Of(meters).answers, 200'000u);
  EXPECT_EQ(VersionSample::Of(meters).errors, 200'000u);
}

}  // namespace
}  // namespace sluice::core

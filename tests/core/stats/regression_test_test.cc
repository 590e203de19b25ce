#include "core/stats/regression_test.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/json_vectors.h"

namespace sluice::core {
namespace {

Trials TrialsOf(const nlohmann::json& pair) {
  return {.total = pair.at(0).get<std::uint64_t>(), .hits = pair.at(1).get<std::uint64_t>()};
}

VersionSample LatencySample(std::size_t count, double median_us, double sigma, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(std::log(median_us), sigma);
  VersionSample sample;
  sample.answers = count;
  for (std::size_t i = 0; i < count; ++i) ++sample.latency[LatencyBucket(static_cast<std::uint64_t>(latency(random)))];
  return sample;
}

std::uint64_t AtLeast(const VersionSample& sample, std::uint64_t microseconds) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    if (LatencyBucketBegin(i) >= microseconds) count += sample.latency[i];
  }
  return count;
}

TEST(RegressionTest, RatesAreJudgedAsOnADenseGridOfBaselines) {
  for (const auto& vector : test::JsonVectors("tests/vectors/stats/least.json", "cases")) {
    const Regression found = CompareRates(TrialsOf(vector.at("champion")), TrialsOf(vector.at("challenger")),
                                          vector.at("allowed").get<double>(), 0.05);

    EXPECT_NEAR(found.log_evidence, vector.at("log_evidence").get<double>(), 1e-5) << vector;
  }
}

TEST(RegressionTest, NoBaselineExplainsAwayWhatIsCertain) {
  const Regression found = CompareRates({.total = 4750, .hits = 5}, {.total = 250, .hits = 14}, 0.005, 0.05);

  EXPECT_GT(found.log_evidence, std::log(1 / 0.0125));
  EXPECT_TRUE(found.beyond);
  EXPECT_NEAR(found.champion, 0.00105, 1e-5);
  EXPECT_NEAR(found.challenger, 0.056, 1e-9);
}

TEST(RegressionTest, WithinTheLimitThereIsNoEvidence) {
  const Regression same = CompareRates({.total = 100'000, .hits = 1000}, {.total = 100'000, .hits = 1010}, 0.005, 0.05);
  const Regression better = CompareRates({.total = 100'000, .hits = 1000}, {.total = 100'000, .hits = 10}, 0.005, 0.05);

  EXPECT_LT(same.log_evidence, 0);
  EXPECT_FALSE(same.beyond);
  EXPECT_LT(better.log_evidence, 0);
  EXPECT_FALSE(better.beyond);
}

TEST(RegressionTest, TheDifferenceOfTheRatesLiesInItsInterval) {
  const Regression found = CompareRates({.total = 100'000, .hits = 1000}, {.total = 10'000, .hits = 300}, 0.005, 0.05);

  EXPECT_GT(found.difference.low, 0.01);
  EXPECT_LT(found.difference.low, 0.02);
  EXPECT_GT(found.difference.high, 0.02);
  EXPECT_LT(found.difference.high, 0.03);
}

TEST(RegressionTest, WhatIsCertainlyBeyondTheLimitHasAnIntervalBeyondIt) {
  const Regression rates = CompareRates({537, 0}, {24, 3}, 0.005, 0.025);

  ASSERT_GE(rates.log_evidence, std::log(1 / 0.025));
  EXPECT_GE(rates.difference.low, 0.005);
  EXPECT_LT(rates.difference.low, rates.challenger - rates.champion);
}

TEST(RegressionTest, WithoutAnswersThereIsNoEvidenceAndTheWidestInterval) {
  const Trials some{.total = 1000, .hits = 500};
  const VersionSample sample = LatencySample(1000, 10'000, 0.5, 1);
  for (const Regression& rates : {CompareRates({}, {}, 0.005, 0.05), CompareRates({}, some, 0.005, 0.05)}) {
    EXPECT_EQ(rates.log_evidence, 0);
    EXPECT_FALSE(rates.beyond);
  }
  EXPECT_EQ(CompareRates({}, {}, 0.005, 0.05).difference.low, -1);
  EXPECT_EQ(CompareRates({}, {}, 0.005, 0.05).difference.high, 1);
  for (const Regression& times :
       {CompareQuantiles({}, sample, 0.99, 0.1, 0.05), CompareQuantiles(sample, {}, 0.99, 0.1, 0.05)}) {
    EXPECT_EQ(times.log_evidence, 0);
    EXPECT_FALSE(times.beyond);
    EXPECT_EQ(times.difference.low, 0);
    EXPECT_EQ(times.difference.high, std::numeric_limits<double>::infinity());
  }
}

// The search leaves buckets out that cannot hold the least; this looks at all of them.
TEST(RegressionTest, QuantilesAreJudgedAsOverEveryBucketTheChampionsMayBeIn) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const VersionSample champion = LatencySample(200 << (seed % 6), seed % 2 == 0 ? 20 : 20'000, 0.4, seed);
    const VersionSample challenger = LatencySample(150 << (seed % 5), seed % 2 == 0 ? 30 : 30'000, 0.5, seed + 100);
    const double quantile = seed % 3 == 0 ? 0.5 : 0.99;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
      const auto last = static_cast<double>(LatencyBucketEnd(bucket) - 1);
      const auto beyond = bucket + 1 == kLatencyBuckets ? std::numeric_limits<std::uint64_t>::max()
                                                        : static_cast<std::uint64_t>(last * 1.1 * (1 + 1e-12)) + 1;
      const Trials kept{.total = champion.timed(), .hits = AtLeast(champion, LatencyBucketBegin(bucket))};
      const Trials slow{.total = challenger.timed(), .hits = AtLeast(challenger, beyond)};
      const double of_champion = std::log(0.4 + 0.6 * std::exp(LogEvidenceBelow(kept, 1 - quantile)));
      least = std::min(least, of_champion + LogEvidenceAbove(slow, 1 - quantile));
    }

    const Regression found = CompareQuantiles(champion, challenger, quantile, 0.1, 0.05);

    EXPECT_NEAR(found.log_evidence, least, 1e-9 * (1 + std::abs(least))) << seed;
  }
}

TEST(RegressionTest, ASlowerTailIsCertainAndALittleSlowerIsNot) {
  const VersionSample champion = LatencySample(20'000, 20'000, 0.5, 1);
  const Regression slow = CompareQuantiles(champion, LatencySample(2000, 30'000, 0.5, 2), 0.99, 0.1, 0.05);
  const Regression close = CompareQuantiles(champion, LatencySample(2000, 21'000, 0.5, 3), 0.99, 0.1, 0.05);

  EXPECT_GT(slow.log_evidence, std::log(1 / 0.0125));
  EXPECT_TRUE(slow.beyond);
  EXPECT_LT(slow.difference.low, 1.5);
  EXPECT_GT(slow.difference.low, 1.1);
  EXPECT_GT(slow.difference.high, 1.5);
  EXPECT_LT(close.log_evidence, 0);
}

TEST(RegressionTest, WhatIsSlowerThanAnyBucketCountsAsSlow) {
  VersionSample champion = LatencySample(5000, 20'000, 0.3, 1);
  VersionSample challenger;
  challenger.answers = 50;
  challenger.latency[kLatencyBuckets - 1] = 50;

  const Regression found = CompareQuantiles(champion, challenger, 0.99, 0.1, 0.05);

  EXPECT_GT(found.log_evidence, 20);
  EXPECT_EQ(found.difference.high, std::numeric_limits<double>::infinity());
}

TEST(RegressionTest, AMedianIsComparedLikeAnyOtherQuantile) {
  const VersionSample champion = LatencySample(2000, 20'000, 0.3, 1);
  const Regression slow = CompareQuantiles(champion, LatencySample(500, 30'000, 0.3, 2), 0.5, 0.1, 0.05);

  EXPECT_GT(slow.log_evidence, 20);
  EXPECT_NEAR(slow.challenger / slow.champion, 1.5, 0.1);
}

}  // namespace
}  // namespace sluice::core

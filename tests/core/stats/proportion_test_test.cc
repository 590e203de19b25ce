#include "core/stats/proportion_test.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/json_vectors.h"

namespace sluice::core {
namespace {

Trials TrialsOf(const nlohmann::json& vector) {
  return {.total = vector.at("total").get<std::uint64_t>(), .hits = vector.at("hits").get<std::uint64_t>()};
}

TEST(ProportionTest, EvidenceIsWhatScipyIntegrates) {
  for (const auto& vector : test::JsonVectors("tests/vectors/stats/evidence.json", "cases")) {
    const double p0 = vector.at("p0").get<double>();
    const double above = vector.at("above").get<double>();
    const double below = vector.at("below").get<double>();

    EXPECT_NEAR(LogEvidenceAbove(TrialsOf(vector), p0), above, 1e-6 * (1 + std::abs(above))) << vector;
    EXPECT_NEAR(LogEvidenceBelow(TrialsOf(vector), p0), below, 1e-6 * (1 + std::abs(below))) << vector;
  }
}

TEST(ProportionTest, BoundsAreWhatBrentsMethodFinds) {
  for (const auto& vector : test::JsonVectors("tests/vectors/stats/bounds.json", "cases")) {
    const Interval interval = RateSequence(TrialsOf(vector), vector.at("alpha").get<double>());

    EXPECT_NEAR(interval.low, vector.at("low").get<double>(), 1e-7) << vector;
    EXPECT_NEAR(interval.high, vector.at("high").get<double>(), 1e-7) << vector;
  }
}

TEST(ProportionTest, NoTrialsAreNoEvidenceAndTheWidestInterval) {
  EXPECT_EQ(LogEvidenceAbove({}, 0.01), 0);
  EXPECT_EQ(LogEvidenceBelow({}, 0.01), 0);
  EXPECT_EQ(RateSequence({}, 0.05).low, 0);
  EXPECT_EQ(RateSequence({}, 0.05).high, 1);
}

TEST(ProportionTest, NoRateIsBeyondTheEnds) {
  EXPECT_EQ(LogEvidenceAbove({.total = 10, .hits = 10}, 1), 0);
  EXPECT_EQ(LogEvidenceBelow({.total = 10, .hits = 0}, 0), 0);
}

TEST(ProportionTest, ABillionTrialsOverflowNothing) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  for (const std::uint64_t hits :
       {std::uint64_t{0}, std::uint64_t{1}, kBillion / 1000, kBillion / 2, kBillion - 1, kBillion}) {
    for (const double p0 : {1e-6, 1e-3, 0.5, 0.999, 1 - 1e-6}) {
      const Trials trials{.total = kBillion, .hits = hits};

      EXPECT_TRUE(std::isfinite(LogEvidenceAbove(trials, p0))) << hits << " at " << p0;
      EXPECT_TRUE(std::isfinite(LogEvidenceBelow(trials, p0))) << hits << " at " << p0;
    }
  }
}

// What bisection needs: beyond any threshold that is asked for, evidence grows with the distance from the data.
TEST(ProportionTest, EvidenceThatCountsGrowsWithTheDistanceOfTheRate) {
  for (const std::uint64_t total : {1, 2, 5, 30, 1000, 1'000'000}) {
    for (const double share : {0.0, 0.001, 0.02, 0.3, 0.9, 1.0}) {
      const Trials trials{.total = total, .hits = static_cast<std::uint64_t>(share * static_cast<double>(total))};
      double last_above = std::numeric_limits<double>::infinity();
      double last_below = -std::numeric_limits<double>::infinity();
      for (double logit = -20; logit <= 20; logit += 0.1) {
        const double p0 = 1 / (1 + std::exp(-logit));
        const double above = LogEvidenceAbove(trials, p0);
        const double below = LogEvidenceBelow(trials, p0);

        if (last_above > std::log(10)) {
          EXPECT_LT(above, last_above * (1 + 1e-7)) << total << " " << share << " " << p0;
        }
        if (below > std::log(10)) {
          EXPECT_GT(below, last_below - 1e-7 * below) << total << " " << share << " " << p0;
        }

        last_above = above;
        last_below = below;
      }
    }
  }
}

// An e-value: its mean is at most 1 while the hypothesis holds, on its boundary and inside. All outcomes of 60 trials.
TEST(ProportionTest, EvidenceIsWorthAtMostOneOnAverageWhenThereIsNothingToFind) {
  constexpr std::uint64_t kTotal = 60;
  for (const double p0 : {0.001, 0.01, 0.2, 0.7}) {
    for (const double inside : {1.0, 0.5, 0.1}) {
      double above = 0;
      double below = 0;
      for (std::uint64_t hits = 0; hits <= kTotal; ++hits) {
        const double h = static_cast<double>(hits);
        const double m = static_cast<double>(kTotal - hits);
        const double ways = std::lgamma(kTotal + 1.0) - std::lgamma(h + 1) - std::lgamma(m + 1);
        const auto log_chance = [&](double p) { return ways + h * std::log(p) + m * std::log1p(-p); };
        const Trials trials{.total = kTotal, .hits = hits};
        above += std::exp(log_chance(p0 * inside) + LogEvidenceAbove(trials, p0));
        below += std::exp(log_chance(1 - (1 - p0) * inside) + LogEvidenceBelow(trials, p0));
      }

      EXPECT_LT(above, 1 + 1e-9) << p0 << " " << inside;
      EXPECT_LT(below, 1 + 1e-9) << p0 << " " << inside;
      if (inside < 1) continue;
      EXPECT_NEAR(above, 1, 1e-9) << "nothing is given away at the boundary itself";
      EXPECT_NEAR(below, 1, 1e-9) << "nothing is given away at the boundary itself";
    }
  }
}

TEST(ProportionTest, TheIntervalHoldsTheEstimateAndNarrowsAroundIt) {
  double width = 1;
  for (const std::uint64_t total : {100, 1000, 10'000, 1'000'000, 1'000'000'000}) {
    const Interval interval = RateSequence({.total = total, .hits = total / 50}, 0.05);

    EXPECT_LT(interval.low, 0.02);
    EXPECT_GT(interval.high, 0.02);
    EXPECT_LT(interval.high - interval.low, width);
    width = interval.high - interval.low;
  }
  EXPECT_LT(width, 1e-4);
}

TEST(ProportionTest, LooksAtEveryTrialAndStillMissesAsSeldomAsPromised) {
  constexpr int kRuns = 100;
  constexpr double kRate = 0.05;
  std::mt19937_64 random(20);
  int missed = 0;
  for (int run = 0; run < kRuns; ++run) {
    Trials trials;
    bool outside = false;
    while (trials.total < 1500 && !outside) {
      ++trials.total;
      if (std::bernoulli_distribution(kRate)(random)) ++trials.hits;
      outside =
          LogEvidenceAbove(trials, kRate) >= std::log(2 / 0.1) || LogEvidenceBelow(trials, kRate) >= std::log(2 / 0.1);
    }
    if (outside) ++missed;
  }

  EXPECT_LE(missed, kRuns / 10);
  EXPECT_GE(missed, 1) << "a test that never errs does not look";
}

}  // namespace
}  // namespace sluice::core

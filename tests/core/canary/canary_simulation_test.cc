// What is promised of a canary, on thousands of them in simulated time: a version that is as good as the old one stays, a
// broken one goes within seconds. All look every 0.2 s.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/canary/simulated_canary.h"

namespace sluice::core {
namespace {

// Debug builds under a sanitizer look for other things than rare events: a twentieth of the canaries does there.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr int kShare = 1;
#else
constexpr int kShare = 20;
#endif

// The stages of design.md section 2 in seconds instead of minutes, so that a run has about a hundred looks and more when
// it waits; evidence counts looks and requests, not minutes.
CanarySpec ShortCanary() {
  CanarySpec spec;
  spec.stages = {{5, Seconds(4)}, {10, Seconds(4)}, {25, Seconds(4)}, {50, Seconds(6)}, {100, Seconds(4)}};
  spec.error_rate = ErrorRateGate{.max_increase_points = 0.5};
  spec.latency = LatencyGate{.quantile = 0.99, .max_regression_percent = 10};
  spec.min_requests = 20;
  return spec;
}

struct Drawn {
  SimulatedVersion version;
  double rate;  // a second
};

// Any service: 0.1 to 5 % errors, narrow to very wide latencies, 50 to 1,000 requests a second.
Drawn Draw(std::mt19937_64& random) {
  const auto between = [&](double low, double high) {
    return low * std::pow(high / low, std::uniform_real_distribution<double>(0, 1)(random));
  };
  return {.version = {.error_rate = between(0.001, 0.05),
                      .median_us = between(2'000, 200'000),
                      .sigma = between(0.15, 1.2)},
          .rate = between(50, 1000)};
}

struct Tally {
  int rolled_back = 0;
  std::uint64_t looks = 0;
};

Tally RunMany(int count, std::uint64_t seed, double more_points, double longer) {
  std::mt19937_64 random(seed);
  Tally tally;
  for (int i = 0; i < count; ++i) {
    const Drawn drawn = Draw(random);
    SimulatedVersion challenger = drawn.version;
    challenger.error_rate += more_points / 100;
    challenger.median_us *= 1 + longer;
    SimulatedCanary canary(ShortCanary(), drawn.version, challenger, drawn.rate, random());
    if (canary.Run(Seconds(20)).phase == CanaryPhase::kRolledBack) ++tally.rolled_back;
    tally.looks += canary.looks();
  }
  std::cout << tally.rolled_back << " of " << count << " rolled back, " << tally.looks << " looks\n";
  return tally;
}

TEST(CanarySimulation, ItsShortcutAgreesWithTheVerdictItself) {
  std::mt19937_64 random(11);
  int broken = 0;
  for (int i = 0; i < 60; ++i) {
    const Drawn drawn = Draw(random);
    SimulatedVersion challenger = drawn.version;
    if (i % 3 == 1) challenger.error_rate *= 3;
    if (i % 3 == 2) challenger.median_us *= 1.4;
    SimulatedModel old_model(drawn.version, random());
    SimulatedModel new_model(challenger, random());
    VersionSample champion;
    VersionSample sample;
    for (int tick = 0; tick < 60; ++tick) {
      old_model.Answer(drawn.rate, champion);
      new_model.Answer(drawn.rate / 4, sample);

      const Verdict fast = JudgeFast(ShortCanary(), 2, champion, sample);
      const Verdict whole = Judge(ShortCanary(), 2, champion, sample);

      ASSERT_EQ(fast.broken, whole.broken);
      ASSERT_EQ(fast.beyond, whole.beyond);
      ASSERT_EQ(fast.enough, whole.enough);
      broken += whole.broken ? 1 : 0;
    }
  }
  EXPECT_GT(broken, 100) << "both kinds of verdict were compared";
}

TEST(CanarySimulation, OfTenThousandVersionsAsGoodAsTheOldOneFewAreRolledBack) {
  constexpr int kCanaries = 10'000 / kShare;

  const Tally tally = RunMany(kCanaries, 1, 0, 0);

  EXPECT_LE(tally.rolled_back, kCanaries / 20);
  EXPECT_GT(tally.looks, kCanaries * 100ULL);
}

TEST(CanarySimulation, EvenAtBothLimitsExactlyRollbacksStayWithinTheConfidence) {
  constexpr int kCanaries = 2'000 / kShare;

  const Tally tally = RunMany(kCanaries, 2, 0.5, 0.10);

  EXPECT_LE(tally.rolled_back, kCanaries / 20);
}

double Quantile(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size()) * quantile)];
}

// 50 requests a second at the challenger, 950 at the champion: the first of the five stages. Errors rise from 0.1 to 5 %.
std::vector<double> Delays(CanarySpec spec, int count) {
  spec.stages = {{5, Seconds(600)}, {10, Seconds(900)}, {25, Seconds(1200)}, {50, Seconds(1800)}, {100, Seconds(600)}};
  spec.latency.reset();
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    SimulatedCanary canary(spec, {.error_rate = 0.001}, {.error_rate = 0.05}, 1000,
                           1000 + static_cast<std::uint64_t>(i));
    const SimulatedEnd end = canary.Run(Seconds(0));
    if (end.phase != CanaryPhase::kRolledBack) return {};
    seconds.push_back(std::chrono::duration<double>(end.took).count());
  }
  std::ranges::sort(seconds);
  std::cout << "median " << Quantile(seconds, 0.5) << " s, p99 " << Quantile(seconds, 0.99) << " s\n";
  return seconds;
}

TEST(CanarySimulation, AVersionThatFailsFivePercentIsGoneInTwoSecondsAtTheMedian) {
  const std::vector<double> seconds = Delays(ShortCanary(), 4000 / kShare);

  ASSERT_FALSE(seconds.empty());
  EXPECT_LE(Quantile(seconds, 0.5), 2);
  if (kShare > 1) return;  // too few for a p99
  // Half a point of tolerance costs the last second: a sequential test that knew all rates beforehand needs 5.4 s.
  EXPECT_LE(Quantile(seconds, 0.99), 6.6);
}

TEST(CanarySimulation, WithAToleranceOfAQuarterPointItIsGoneInFiveSecondsAtP99) {
  CanarySpec spec = ShortCanary();
  spec.error_rate->max_increase_points = 0.25;

  const std::vector<double> seconds = Delays(spec, 4000 / kShare);

  ASSERT_FALSE(seconds.empty());
  EXPECT_LE(Quantile(seconds, 0.5), 2);
  if (kShare > 1) return;
  EXPECT_LE(Quantile(seconds, 0.99), 5);
}

}  // namespace
}  // namespace sluice::core

#include "core/canary/verdict.h"

#include <cmath>

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

CanarySpec FiveStages() {
  CanarySpec spec;
  spec.stages = {{5, Seconds(600)}, {10, Seconds(900)}, {25, Seconds(1200)}, {50, Seconds(1800)}, {100, Seconds(600)}};
  spec.error_rate = ErrorRateGate{};
  spec.latency = LatencyGate{};
  return spec;
}

// All answers took about as long: half of them `milliseconds`, the others up to a tenth longer.
VersionSample Sample(std::uint64_t answers, std::uint64_t errors, std::uint64_t milliseconds) {
  VersionSample sample;
  sample.answers = answers;
  sample.errors = errors;
  for (std::uint64_t i = 0; i < answers; ++i) {
    ++sample.latency[LatencyBucket(milliseconds * 1000 + (i % 2) * (i % 100) * milliseconds)];
  }
  return sample;
}

TEST(Verdict, TheErrorBudgetIsSpentInHalvesAndSpentWhole) {
  const CanarySpec spec = FiveStages();
  double sum = 0;
  for (std::size_t stage = 0; stage < spec.stages.size(); ++stage) sum += 2 * StageAlpha(spec, stage);

  EXPECT_NEAR(StageAlpha(spec, 0), 0.0125, 1e-15);
  EXPECT_NEAR(StageAlpha(spec, 1), 0.00625, 1e-15);
  EXPECT_EQ(StageAlpha(spec, 3), StageAlpha(spec, 4));
  EXPECT_EQ(sum, 1 - spec.confidence);
}

TEST(Verdict, OneGateHasTheWholeOfAStageAndOneStageTheWholeOfAGate) {
  CanarySpec spec = FiveStages();
  spec.latency.reset();
  EXPECT_NEAR(StageAlpha(spec, 0), 0.025, 1e-15);

  spec.stages = {{100, Seconds(600)}};
  EXPECT_NEAR(StageAlpha(spec, 0), 0.05, 1e-15);
}

TEST(Verdict, TooManyErrorsAreCertainAndSayHowMany) {
  const Verdict verdict = Judge(FiveStages(), 0, Sample(4012, 4, 200), Sample(236, 12, 200));

  EXPECT_TRUE(verdict.broken);
  EXPECT_TRUE(verdict.beyond);
  EXPECT_FALSE(verdict.enough);
  EXPECT_EQ(verdict.Text().substr(0, 96),
            "error rate 5.1 % (12 of 236) beside 0.1 % (4 of 4,012), certainly more than 0.5 points apart; p9");
}

TEST(Verdict, ASlowTailIsCertainAndSaysHowSlow) {
  const Verdict verdict = Judge(FiveStages(), 0, Sample(4000, 4, 200), Sample(800, 1, 300));

  ASSERT_EQ(verdict.gates.size(), 2U);
  EXPECT_FALSE(verdict.gates[0].broken);
  EXPECT_TRUE(verdict.gates[1].broken);
  EXPECT_TRUE(verdict.broken);
  EXPECT_NE(verdict.Text().find("p99 334 ms beside 221 ms, certainly more than 10 % longer"), std::string::npos)
      << verdict.Text();
}

TEST(Verdict, BeyondTheLimitWithFewAnswersIsOnlyPossible) {
  const Verdict verdict = Judge(FiveStages(), 0, Sample(1000, 1, 200), Sample(50, 1, 200));

  EXPECT_FALSE(verdict.broken);
  EXPECT_TRUE(verdict.beyond);
  EXPECT_NE(verdict.Text().find("possibly more than 0.5 points apart"), std::string::npos) << verdict.Text();
}

TEST(Verdict, AlikeVersionsAreNeitherBrokenNorBeyond) {
  const Verdict verdict = Judge(FiveStages(), 0, Sample(5000, 5, 200), Sample(500, 1, 200));

  EXPECT_FALSE(verdict.broken);
  EXPECT_FALSE(verdict.beyond);
  EXPECT_TRUE(verdict.enough);
}

TEST(Verdict, EnoughMeansBothVersionsButTheChallengerAloneInTheLastStage) {
  const CanarySpec spec = FiveStages();
  EXPECT_FALSE(Judge(spec, 3, Sample(499, 0, 20), Sample(500, 0, 20)).enough);
  EXPECT_FALSE(Judge(spec, 3, Sample(500, 0, 20), Sample(499, 0, 20)).enough);
  EXPECT_TRUE(Judge(spec, 3, Sample(500, 0, 20), Sample(500, 0, 20)).enough);
  EXPECT_TRUE(Judge(spec, 4, Sample(0, 0, 20), Sample(500, 0, 20)).enough);
  EXPECT_FALSE(Judge(spec, 4, Sample(500, 0, 20), Sample(499, 0, 20)).enough);
}

TEST(Verdict, WithoutAnswersNothingIsBroken) {
  const Verdict none = Judge(FiveStages(), 0, {}, {});
  EXPECT_FALSE(none.broken);
  EXPECT_FALSE(none.beyond);
  EXPECT_EQ(
      none.Text(),
      "error rate unknown: the challenger has answered nothing; p99 unknown: the challenger has answered nothing");

  const Verdict alone = Judge(FiveStages(), 0, {}, Sample(1000, 1000, 20));
  EXPECT_FALSE(alone.broken);
}

TEST(Verdict, AChallengerWhoseClientsGiveUpIsSlow) {
  VersionSample hanging;
  hanging.abandoned = 60;
  hanging.latency[LatencyBucket(10'000'000)] = 60;

  const Verdict verdict = Judge(FiveStages(), 0, Sample(2000, 0, 200), hanging);

  EXPECT_TRUE(verdict.broken);
}

TEST(Verdict, WithoutGatesItTellsTheCounts) {
  CanarySpec spec = FiveStages();
  spec.error_rate.reset();
  spec.latency.reset();

  const Verdict verdict = Judge(spec, 0, Sample(1200, 0, 20), Sample(60, 60, 20));

  EXPECT_FALSE(verdict.broken);
  EXPECT_EQ(verdict.Text(), "60 requests beside 1,200, not compared");
}

TEST(Verdict, NothingIsCertainForWhoAsksForCertainty) {
  CanarySpec spec = FiveStages();
  spec.confidence = 1;

  EXPECT_FALSE(Judge(spec, 0, Sample(4000, 0, 20), Sample(4000, 4000, 2000)).broken);
}

}  // namespace
}  // namespace sluice::core

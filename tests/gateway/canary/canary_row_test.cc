// What is kept of a canary, and what a version answered over the lives of its meter.
#include "gateway/canary/canary_row.h"

#include <gtest/gtest.h>

#include "gateway/canary/canary_probe.h"

namespace sluice::gateway {
namespace {

using config::Json;

TEST(CanaryRow, ComesBackFromItsJson) {
  CanaryRow row;
  row.state = {.phase = core::CanaryPhase::kPaused,
               .pause = core::PauseCause::kForeignEdit,
               .stage = 2,
               .held = core::Milliseconds(1234),
               .no_data = core::Milliseconds(5),
               .reason = "changed by ana"};
  row.since_us = 17;
  row.target = {.service = {"VirtualService", "ml", "ranking-vs"}, .route = "default", .versions = {"v45", "v47"}};
  row.before = {{{{"host", "ranking"}, {"subset", "v45"}}, 90}, {{{"host", "ranking"}, {"subset", "v47"}}, Json()}};
  row.rule = {{"name", "default"}};
  row.intent = CanaryIntent{.step = {.kind = core::CanaryStep::Kind::kRollBack,
                                     .stage = 1,
                                     .phase = core::CanaryPhase::kRolledBack,
                                     .reason = "worse"},
                            .what = "rollback",
                            .author = "",
                            .weights = row.before};
  row.champion.answers = 12;
  row.champion.latency[7] = 3;
  row.champion.latency.back() = 9;
  row.last = true;
  row.previous_champion.errors = 4;
  row.verdict = {{"enough", true}};

  const CanaryRow back = CanaryRowFrom(Json::parse(ToJson(row).dump()));

  EXPECT_EQ(back.state, row.state);
  EXPECT_EQ(ToJson(back), ToJson(row));
  EXPECT_EQ(back.champion.latency, row.champion.latency);
  EXPECT_EQ(back.intent->weights, row.before);
}

TEST(CanaryRow, WhateverIsMissingOrWrongHasItsDefault) {
  for (const char* text :
       {"{}", "[]", "7", R"({"state":{"phase":3,"heldUs":-1},"championSample":{"latency":[1,2,"x",9999999,1]},
                           "intent":{"step":"dance"},"before":{"a":1},"verdict":[]})"}) {
    const CanaryRow row = CanaryRowFrom(Json::parse(text));
    EXPECT_EQ(row.state.phase, core::CanaryPhase::kIdle);
    EXPECT_EQ(row.state.held, core::Duration(0));
    EXPECT_FALSE(row.intent);
    EXPECT_TRUE(row.verdict.is_object());
  }
}

class CanaryProbeTest : public ::testing::Test {
 protected:
  static std::shared_ptr<core::VersionMeters> Meters() { return std::make_shared<core::VersionMeters>(1); }
  static void Answer(core::VersionMeters& meters, int count) {
    for (int i = 0; i < count; ++i) meters.OfWorker(0).OnAnswer(false, core::Milliseconds(1));
  }
};

TEST_F(CanaryProbeTest, CountsFromTheRestartOn) {
  const auto meters = Meters();
  Answer(*meters, 5);
  CanaryProbe probe{core::VersionSample()};
  EXPECT_EQ(probe.Read(meters).answers, 5u);
  probe.Restart(meters);
  EXPECT_EQ(probe.Read(meters).answers, 0u);
  Answer(*meters, 3);
  EXPECT_EQ(probe.Read(meters).answers, 3u);
}

TEST_F(CanaryProbeTest, AnotherMeterAddsToWhatWasCounted) {
  const auto first = Meters();
  const auto second = Meters();
  core::VersionSample carried;
  carried.answers = 100;
  CanaryProbe probe(carried);
  Answer(*first, 5);
  EXPECT_EQ(probe.Read(first).answers, 105u);
  EXPECT_EQ(probe.Read(nullptr).answers, 105u);
  Answer(*second, 2);
  EXPECT_EQ(probe.Read(second).answers, 107u);
}

}  // namespace
}  // namespace sluice::gateway

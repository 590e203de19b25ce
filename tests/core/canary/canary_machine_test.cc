#include "core/canary/canary_machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

using Kind = CanaryStep::Kind;
using Reading = PrometheusReading::State;

CanarySpec ThreeStages() {
  CanarySpec spec;
  spec.stages = {{10, Seconds(10)}, {50, Seconds(20)}, {100, Seconds(30)}};
  spec.error_rate = ErrorRateGate{};
  spec.no_data_limit = Seconds(60);
  return spec;
}

CanarySpec WithPrometheus() {
  CanarySpec spec = ThreeStages();
  spec.prometheus.push_back({.name = "quality", .address = "http://p:9090", .query = "up", .max = 0.2, .min = {}});
  return spec;
}

Verdict Fine() {
  Verdict verdict;
  verdict.champion_requests = 9000;
  verdict.challenger_requests = 1000;
  verdict.enough = true;
  return verdict;
}
Verdict TooFew() {
  Verdict verdict = Fine();
  verdict.challenger_requests = 12;
  verdict.enough = false;
  return verdict;
}
Verdict Beyond() {
  Verdict verdict = Fine();
  verdict.beyond = true;
  return verdict;
}
Verdict Broken() {
  Verdict verdict = TooFew();
  verdict.beyond = true;
  verdict.broken = true;
  return verdict;
}

std::vector<PrometheusReading> Says(Reading state, std::string text = "0.31 > 0.2") {
  return {{.state = state, .value = 0.31, .text = std::move(text)}};
}

CanaryMachine In(std::size_t stage, CanarySpec spec, Duration held = Duration{0}) {
  return CanaryMachine(std::move(spec),
                       {.phase = CanaryPhase::kProgressing, .stage = stage, .held = held, .reason = ""});
}

// --- what a tick says, by what it sees ---

struct TickCase {
  const char* name;
  CanarySpec spec;
  std::size_t stage;
  Duration held;
  Verdict verdict;
  std::vector<PrometheusReading> prometheus;
  Kind kind;
  CanaryPhase phase;
  std::size_t leads_to;
  const char* reason;  // a part of it
};

CanarySpec Policy(NoDataPolicy policy) {
  CanarySpec spec = WithPrometheus();
  spec.on_no_data = policy;
  return spec;
}

CanarySpec NoGates() {
  CanarySpec spec = ThreeStages();
  spec.error_rate.reset();
  return spec;
}

std::vector<TickCase> TickCases() {
  constexpr auto kRunning = CanaryPhase::kProgressing;
  constexpr auto kBack = CanaryPhase::kRolledBack;
  const CanarySpec three = ThreeStages();
  return {
      {"before the hold is over", three, 0, Seconds(5), Fine(), {}, Kind::kNone, kRunning, 0, ""},
      {"hold over", three, 0, Seconds(10), Fine(), {}, Kind::kEnterStage, kRunning, 1, "stage 1 of 3 (10 %) held 11s"},
      {"hold of the second stage over",
       three,
       1,
       Seconds(20),
       Fine(),
       {},
       Kind::kEnterStage,
       kRunning,
       2,
       "stage 2 of 3"},
      {"bake not over", three, 2, Seconds(20), Fine(), {}, Kind::kNone, kRunning, 2, ""},
      {"bake over",
       three,
       2,
       Seconds(30),
       Fine(),
       {},
       Kind::kFinish,
       CanaryPhase::kSucceeded,
       2,
       "promoted: stage 3 of 3"},
      {"broken at once",
       three,
       0,
       Seconds(0),
       Broken(),
       {},
       Kind::kRollBack,
       kBack,
       0,
       "rolled back from stage 1 of 3 (10 %)"},
      {"broken when held", three, 1, Seconds(99), Broken(), {}, Kind::kRollBack, kBack, 1, "after 1m39s"},
      {"broken in the bake", three, 2, Seconds(3), Broken(), {}, Kind::kRollBack, kBack, 2, "stage 3 of 3 (100 %)"},
      {"beyond before the hold is over", three, 0, Seconds(5), Beyond(), {}, Kind::kNone, kRunning, 0, ""},
      {"beyond when held",
       three,
       0,
       Seconds(10),
       Beyond(),
       {},
       Kind::kNote,
       kRunning,
       0,
       "waits, as a gate is not met"},
      {"too few when held",
       three,
       0,
       Seconds(10),
       TooFew(),
       {},
       Kind::kNote,
       kRunning,
       0,
       "waits for data: fewer than 500 requests (challenger 12, champion 9,000)"},
      {"too few in the bake", three, 2, Seconds(30), TooFew(), {}, Kind::kNote, kRunning, 2, "(challenger 12)"},
      {"Prometheus fine", WithPrometheus(), 0, Seconds(10), Fine(), Says(Reading::kFine), Kind::kEnterStage, kRunning,
       1, ""},
      {"Prometheus bad once", WithPrometheus(), 0, Seconds(10), Fine(), Says(Reading::kBad), Kind::kNote, kRunning, 0,
       "quality: 0.31 > 0.2"},
      {"Prometheus broken at once", WithPrometheus(), 0, Seconds(0), TooFew(), Says(Reading::kBroken), Kind::kRollBack,
       kBack, 0, "quality: 0.31 > 0.2"},
      {"Prometheus without data", WithPrometheus(), 0, Seconds(10), Fine(),
       Says(Reading::kNoData, "connection refused"), Kind::kNote, kRunning, 0,
       "waits for data: quality: connection refused"},
      {"Prometheus not asked", WithPrometheus(), 0, Seconds(10), Fine(), Says(Reading::kNone), Kind::kNote, kRunning, 0,
       "quality: not asked yet"},
      {"Prometheus without a reading",
       WithPrometheus(),
       0,
       Seconds(10),
       Fine(),
       {},
       Kind::kNote,
       kRunning,
       0,
       "quality: not asked yet"},
      {"rollback without data", Policy(NoDataPolicy::kRollback), 0, Seconds(10), Fine(),
       Says(Reading::kNoData, "no sample"), Kind::kRollBack, kBack, 0, "as onNoData says: quality: no sample"},
      {"rollback without requests", Policy(NoDataPolicy::kRollback), 0, Seconds(10), TooFew(), Says(Reading::kFine),
       Kind::kRollBack, kBack, 0, "fewer than 500 requests"},
      {"no rollback for missing data before the hold is over", Policy(NoDataPolicy::kRollback), 0, Seconds(5), TooFew(),
       Says(Reading::kNoData), Kind::kNone, kRunning, 0, ""},
      {"promotion without data", Policy(NoDataPolicy::kPromote), 0, Seconds(10), TooFew(), Says(Reading::kNoData),
       Kind::kEnterStage, kRunning, 1, "onNoData is promote and there is too little data: fewer than 500"},
      {"no promotion without data that is beyond", Policy(NoDataPolicy::kPromote), 0, Seconds(10), Beyond(),
       Says(Reading::kNoData), Kind::kNote, kRunning, 0, "a gate is not met"},
      {"no gates and no requests", NoGates(), 0, Seconds(10), TooFew(), {}, Kind::kEnterStage, kRunning, 1, "held 11s"},
  };
}

TEST(CanaryMachine, ATickSaysWhatTheTableSays) {
  for (const TickCase& one : TickCases()) {
    SCOPED_TRACE(one.name);
    CanaryMachine machine = In(one.stage, one.spec, one.held);

    const CanaryStep step = machine.Tick(Seconds(1), one.verdict, one.prometheus);

    EXPECT_EQ(step.kind, one.kind);
    EXPECT_EQ(step.phase, one.phase);
    EXPECT_EQ(step.stage, one.leads_to);
    EXPECT_NE(step.reason.find(one.reason), std::string::npos) << step.reason;
    EXPECT_EQ(step.reason.empty(), one.kind == Kind::kNone);
    EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing) << "it moves when the step is done, not before";
    EXPECT_EQ(machine.state().stage, one.stage);
  }
}

TEST(CanaryMachine, AsksAgainUntilTheStepIsDone) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(10));
  ASSERT_EQ(machine.Tick(Seconds(1), Fine(), {}).kind, Kind::kEnterStage);
  const CanaryStep again = machine.Tick(Seconds(1), Fine(), {});
  ASSERT_EQ(again.kind, Kind::kEnterStage);
  EXPECT_EQ(again.stage, 1U);

  machine.Done(again);

  EXPECT_EQ(machine.state().stage, 1U);
  EXPECT_EQ(machine.state().held, Duration{0});
  EXPECT_EQ(machine.state().reason, again.reason);
  EXPECT_EQ(machine.Tick(Seconds(1), Fine(), {}).kind, Kind::kNone);
}

TEST(CanaryMachine, GoesThroughAllStagesAndHoldsEachOfThem) {
  CanaryMachine machine(ThreeStages(), {});
  machine.Done(machine.Start().value());
  Duration took{0};
  while (machine.running()) {
    took += Seconds(1);
    ASSERT_LT(took, Seconds(100));
    machine.Done(machine.Tick(Seconds(1), Fine(), {}));
  }

  EXPECT_EQ(machine.state().phase, CanaryPhase::kSucceeded);
  EXPECT_EQ(took, Seconds(60));
}

TEST(CanaryMachine, TellsOnceThatItWaitsAndOnceForEachCause) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(10));
  const auto tick = [&](const Verdict& verdict) {
    const CanaryStep step = machine.Tick(Seconds(1), verdict, {});
    machine.Done(step);
    return step.kind;
  };

  EXPECT_EQ(tick(TooFew()), Kind::kNote);
  EXPECT_NE(machine.state().reason.find("waits for data"), std::string::npos);
  EXPECT_EQ(tick(TooFew()), Kind::kNone);
  EXPECT_EQ(tick(Beyond()), Kind::kNote);
  EXPECT_EQ(tick(Beyond()), Kind::kNone);
  EXPECT_EQ(tick(TooFew()), Kind::kNone);
  EXPECT_EQ(tick(Fine()), Kind::kEnterStage);
  for (int i = 0; i < 20; ++i) machine.Tick(Seconds(1), TooFew(), {});
  EXPECT_EQ(tick(TooFew()), Kind::kNote) << "another stage is told of anew";
}

TEST(CanaryMachine, RollsBackWhenItHasWaitedForDataLongerThanTheLimit) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(10));
  for (int i = 0; i < 60; ++i) machine.Done(machine.Tick(Seconds(1), TooFew(), {}));
  ASSERT_TRUE(machine.running());
  EXPECT_EQ(machine.state().no_data, Seconds(60));

  const CanaryStep step = machine.Tick(Seconds(1), TooFew(), {});

  EXPECT_EQ(step.kind, Kind::kRollBack);
  EXPECT_NE(step.reason.find("no data for more than 1m beyond the hold: fewer than 500 requests"), std::string::npos)
      << step.reason;
}

TEST(CanaryMachine, WaitsForDataWithoutEndWhenThereIsNoLimit) {
  CanarySpec spec = ThreeStages();
  spec.no_data_limit = Duration{0};
  CanaryMachine machine = In(0, spec, Seconds(10));

  for (int i = 0; i < 1000; ++i) machine.Done(machine.Tick(Seconds(3600), TooFew(), {}));

  EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
}

TEST(CanaryMachine, ALongTickCountsAsWaitingOnlyBehindTheHold) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(5));

  machine.Tick(Seconds(15), TooFew(), {});

  EXPECT_EQ(machine.state().no_data, Seconds(10));
}

TEST(CanaryMachine, WaitingForAGateIsNotWaitingForData) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(10));
  machine.Done(machine.Tick(Seconds(30), TooFew(), {}));

  for (int i = 0; i < 1000; ++i) machine.Done(machine.Tick(Seconds(60), Beyond(), {}));

  EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
  EXPECT_EQ(machine.state().no_data, Duration{0});
}

// --- what people ask for ---

TEST(CanaryMachine, GuardsStayOnWhileAPersonHasPausedItButTimeStands) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(9));
  ASSERT_TRUE(machine.Pause("ada").has_value());
  EXPECT_EQ(machine.Tick(Seconds(60), Fine(), {}).kind, Kind::kNone);
  EXPECT_EQ(machine.state().held, Seconds(9));
  EXPECT_EQ(machine.state().reason, "paused by ada in stage 1 of 3 (10 %) after 9s");

  const CanaryStep step = machine.Tick(Seconds(1), Broken(), {});

  EXPECT_EQ(step.kind, Kind::kRollBack);
  machine.Done(step);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kRolledBack);
  EXPECT_EQ(machine.state().pause, PauseCause::kNone);
}

TEST(CanaryMachine, ResumedByAPersonItGoesOnWhereItWas) {
  CanaryMachine machine = In(1, ThreeStages(), Seconds(9));
  ASSERT_TRUE(machine.Pause("ada").has_value());

  const auto step = machine.Resume("grace");

  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->kind, Kind::kNone);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
  EXPECT_EQ(machine.state().held, Seconds(9));
  EXPECT_EQ(machine.state().reason, "resumed by grace in stage 2 of 3 (50 %) after 9s");
}

TEST(CanaryMachine, TouchesNothingAfterAForeignEditAndEntersTheStageAnewWhenResumed) {
  CanaryMachine machine = In(1, WithPrometheus(), Seconds(9));
  machine.PauseForEdit("the route was changed by kubectl in revision 12");
  EXPECT_EQ(machine.Tick(Seconds(1), Broken(), Says(Reading::kBroken)).kind, Kind::kNone);
  EXPECT_FALSE(machine.Promote(false, "ada").has_value());
  EXPECT_FALSE(machine.Pause("ada").has_value());

  const auto step = machine.Resume("ada");

  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->kind, Kind::kEnterStage);
  EXPECT_EQ(step->stage, 1U);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kPaused) << "until the weights are set";
  machine.Done(*step);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
  EXPECT_EQ(machine.state().held, Duration{0});
}

TEST(CanaryMachine, AForeignEditCountsForMoreThanAPersonsPause) {
  CanaryMachine machine = In(1, ThreeStages());
  ASSERT_TRUE(machine.Pause("ada").has_value());

  machine.PauseForEdit("the route is gone");

  EXPECT_EQ(machine.state().pause, PauseCause::kForeignEdit);
  EXPECT_EQ(machine.state().reason, "the route is gone");
}

TEST(CanaryMachine, PromotesByOneStageOrToTheLastOneOrFinishes) {
  CanaryMachine machine = In(0, ThreeStages(), Seconds(3));
  EXPECT_EQ(machine.Promote(false, "ada")->stage, 1U);
  EXPECT_EQ(machine.Promote(true, "ada")->stage, 2U);
  EXPECT_EQ(machine.Promote(true, "ada")->reason, "promoted by ada from stage 1 of 3 (10 %) after 3s");

  machine.Done(*machine.Promote(true, "ada"));
  EXPECT_EQ(machine.Tick(Seconds(1), Fine(), {}).kind, Kind::kNone) << "the last stage bakes all the same";
  const auto finish = machine.Promote(false, "ada");

  ASSERT_TRUE(finish.has_value());
  EXPECT_EQ(finish->kind, Kind::kFinish);
  machine.Done(*finish);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kSucceeded);
}

TEST(CanaryMachine, PromotedWhilePausedItGoesOn) {
  CanaryMachine machine = In(0, ThreeStages());
  ASSERT_TRUE(machine.Pause("ada").has_value());

  machine.Done(*machine.Promote(false, "ada"));

  EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
  EXPECT_EQ(machine.state().pause, PauseCause::kNone);
  EXPECT_EQ(machine.state().stage, 1U);
}

TEST(CanaryMachine, AbortedItRollsBackEvenAfterAForeignEdit) {
  CanaryMachine machine = In(1, ThreeStages(), Seconds(4));
  machine.PauseForEdit("edited");

  const auto step = machine.Abort("ada");

  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->kind, Kind::kRollBack);
  EXPECT_EQ(step->phase, CanaryPhase::kAborted);
  EXPECT_EQ(step->reason, "aborted by ada in stage 2 of 3 (50 %) after 4s");
  machine.Done(*step);
  EXPECT_EQ(machine.state().phase, CanaryPhase::kAborted);
}

struct RefusalCase {
  const char* name;
  CanaryState state;
  Status (*ask)(CanaryMachine& machine);
  const char* cause;
};

Status Only(const Result<CanaryStep>& step) { return step.has_value() ? Status{} : std::unexpected(step.error()); }

TEST(CanaryMachine, RefusesWhatCannotBeNowAndSaysWhy) {
  const CanaryState idle{};
  const CanaryState done{.phase = CanaryPhase::kSucceeded, .stage = 2, .reason = ""};
  const CanaryState on{.phase = CanaryPhase::kProgressing, .stage = 1, .reason = ""};
  const CanaryState paused{.phase = CanaryPhase::kPaused, .pause = PauseCause::kPerson, .stage = 1, .reason = "by ada"};
  const RefusalCase cases[] = {
      {"start twice", on, [](CanaryMachine& m) { return Only(m.Start()); }, "already in stage 2 of 3 (50 %)"},
      {"start while paused", paused, [](CanaryMachine& m) { return Only(m.Start()); },
       "already in stage 2 of 3 (50 %)"},
      {"promote idle", idle, [](CanaryMachine& m) { return Only(m.Promote(false, "ada")); }, "it is Idle"},
      {"promote done", done, [](CanaryMachine& m) { return Only(m.Promote(true, "ada")); }, "it is Succeeded"},
      {"abort idle", idle, [](CanaryMachine& m) { return Only(m.Abort("ada")); }, "it is Idle"},
      {"pause idle", idle, [](CanaryMachine& m) { return m.Pause("ada"); }, "it is Idle"},
      {"pause twice", paused, [](CanaryMachine& m) { return m.Pause("ada"); }, "paused already: by ada"},
      {"resume what runs", on, [](CanaryMachine& m) { return Only(m.Resume("ada")); }, "it is Progressing"},
      {"resume idle", idle, [](CanaryMachine& m) { return Only(m.Resume("ada")); }, "it is Idle"},
  };
  for (const RefusalCase& one : cases) {
    SCOPED_TRACE(one.name);
    CanaryMachine machine(ThreeStages(), one.state);

    const Status refused = one.ask(machine);

    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().cause.find(one.cause), std::string::npos) << refused.error().cause;
    EXPECT_FALSE(refused.error().cure.empty());
    EXPECT_EQ(machine.state(), one.state);
  }
}

TEST(CanaryMachine, AnEndedRunDoesNothingUntilItIsStartedAgain) {
  for (const CanaryPhase phase :
       {CanaryPhase::kIdle, CanaryPhase::kSucceeded, CanaryPhase::kRolledBack, CanaryPhase::kAborted}) {
    CanaryMachine machine(ThreeStages(), {.phase = phase, .stage = 2, .held = Seconds(500), .reason = ""});
    EXPECT_EQ(machine.Tick(Seconds(1), Broken(), {}).kind, Kind::kNone);
    machine.PauseForEdit("edited");
    EXPECT_EQ(machine.state().phase, phase);

    machine.Done(machine.Start().value());

    EXPECT_EQ(machine.state().phase, CanaryPhase::kProgressing);
    EXPECT_EQ(machine.state().stage, 0U);
    EXPECT_EQ(machine.state().held, Duration{0});
  }
}

// --- another definition ---

TEST(CanaryMachine, AnotherDefinitionKeepsTheStageAndItsTime) {
  CanaryMachine machine = In(1, ThreeStages(), Seconds(9));
  CanarySpec longer = ThreeStages();
  longer.stages[1].hold = Seconds(40);

  machine.SetSpec(longer);

  EXPECT_EQ(machine.Tick(Seconds(1), Fine(), {}).kind, Kind::kNone);
  EXPECT_EQ(machine.state().held, Seconds(10));
}

TEST(CanaryMachine, EntersAStageAnewWhoseWeightAnotherDefinitionHasChanged) {
  CanaryMachine machine = In(1, ThreeStages(), Seconds(9));
  CanarySpec smaller = ThreeStages();
  smaller.stages[1].weight = 40;
  machine.SetSpec(smaller);

  const CanaryStep step = machine.Tick(Seconds(1), Fine(), {});

  EXPECT_EQ(step.kind, Kind::kEnterStage);
  EXPECT_EQ(step.stage, 1U);
  machine.Done(step);
  EXPECT_EQ(machine.Tick(Seconds(1), Fine(), {}).kind, Kind::kNone);
}

TEST(CanaryMachine, WithFewerStagesItEntersTheLastOneAndBakesItWhole) {
  CanarySpec two = ThreeStages();
  two.stages = {{10, Seconds(10)}, {100, Seconds(30)}};
  CanaryMachine machine = In(2, ThreeStages(), Seconds(29));
  CanaryMachine restarted(two, machine.state());
  machine.SetSpec(two);

  for (CanaryMachine* one : {&machine, &restarted}) {
    const CanaryStep step = one->Tick(Seconds(1), Fine(), {});

    EXPECT_EQ(step.kind, Kind::kEnterStage);
    EXPECT_EQ(step.stage, 1U);
    EXPECT_EQ(one->state().stage, 1U);
  }
}

TEST(CanaryMachine, PhasesAreReadAsTheyAreWritten) {
  for (const CanaryPhase phase : {CanaryPhase::kIdle, CanaryPhase::kProgressing, CanaryPhase::kPaused,
                                  CanaryPhase::kSucceeded, CanaryPhase::kRolledBack, CanaryPhase::kAborted}) {
    EXPECT_EQ(ParseCanaryPhase(CanaryPhaseText(phase)), phase);
  }
  EXPECT_EQ(ParseCanaryPhase("progressing"), std::nullopt);
}

}  // namespace
}  // namespace sluice::core

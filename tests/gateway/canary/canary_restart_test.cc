// Canaries over several lives of the process: what a kill -9 leaves at any point is taken up where it was.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/canary/canary_support.h"

namespace sluice::gateway {
namespace {

using config::Json;

using CanaryRestartTest = CanaryTest;

TEST_F(CanaryRestartTest, HoldAndMeasurementsGoOnAfterAKill) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->AnswerWell(300);
  Hold(8);
  CopyState("killed");
  clock.Advance(core::Seconds(3600));

  Begin("killed");

  EXPECT_EQ(life->Phase(), "Progressing");
  const double held = life->Status()["heldSeconds"];
  EXPECT_LE(held, 8.0) << "down time does not count";
  EXPECT_GE(held, 5.8) << "no more than a checkpoint is lost";
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["championRequests"], 300);
  life->AnswerWell(50);
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["challengerRequests"], 350);
  Hold(1);
  EXPECT_EQ(life->Weights(), "80/20");
  Hold(3);
  EXPECT_EQ(life->Weights(), "50/50");
}

// Copies the state before and after every change of weights.
struct Copier {
  const TemporaryDirectory* directory = nullptr;
  int copies = 0;

  static void Copy(void* self) {
    auto* copier = static_cast<Copier*>(self);
    std::filesystem::copy(copier->directory->path() / "state",
                          copier->directory->path() / ("copy" + std::to_string(copier->copies++)));
  }
};

TEST_F(CanaryRestartTest, AKillAroundAnyChangeOfWeightsEndsInAWholeStep) {
  Copier copier{.directory = &directory};
  life->around = &Copier::Copy;
  life->around_self = &copier;
  ASSERT_EQ(life->Do("start").status, 200);  // copies 0 and 1
  life->AnswerWell();
  Hold();  // 2 and 3: the second stage
  life->AnswerWell();
  Hold();                                    // 4 and 5: the last one
  ASSERT_EQ(life->Do("abort").status, 200);  // 6 and 7
  ASSERT_EQ(copier.copies, 8);
  const std::string weights[] = {"80/20", "50/50", "0/100", "90/10"};
  const std::string events[] = {"start", "start stage", "start stage stage", "start stage stage abort"};
  for (int copy = 0; copy < 8; ++copy) {
    const std::string name = "copy" + std::to_string(copy);

    Begin(name);
    const std::uint64_t before = life->manager().world().revision();
    life->Tick();

    EXPECT_EQ(life->Weights(), weights[copy / 2]) << name;
    EXPECT_EQ(life->Events(), events[copy / 2]) << name;
    EXPECT_EQ(life->Phase(), copy < 6 ? "Progressing" : "Aborted") << name;
    EXPECT_EQ(life->manager().world().revision(), before + (copy % 2 == 0 ? 1 : 0))
        << "weights in force are not set again";
    EXPECT_EQ(life->Status()["events"][0]["revision"], life->manager().world().revision()) << name;
    EXPECT_EQ(life->Status()["stage"], std::min(copy / 2, 2)) << name;
    EXPECT_TRUE(life->manager().store().Verify());
  }
}

TEST_F(CanaryRestartTest, AnEditWhileNobodyWasLookingPauses) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->Tick(core::Seconds(2));
  life.reset();
  text.insert(text.find("  - name: default\n") + 18, "    timeout: 3s\n");
  Begin();
  const Json status = life->Status();
  EXPECT_EQ(status["pauseCause"], "foreignEdit") << status;
  EXPECT_EQ(life->Weights(), "90/10") << "as the file says";
  ASSERT_EQ(life->Do("resume").status, 200);
  EXPECT_EQ(life->Weights(), "80/20");
}

TEST_F(CanaryRestartTest, AnEditBetweenAnIntentionAndARestartPausesInsteadOfBeingOverwritten) {
  Copier copier{.directory = &directory};
  ASSERT_EQ(life->Do("start").status, 200);
  life->around = &Copier::Copy;
  life->around_self = &copier;
  ASSERT_EQ(life->Do("promote").status, 200);
  life.reset();
  text.insert(text.find("  - name: default\n") + 18, "    timeout: 3s\n");
  Begin("copy0");
  life->Tick();
  EXPECT_EQ(life->Status()["pauseCause"], "foreignEdit");
  EXPECT_EQ(life->Status()["stage"], 0);
  EXPECT_EQ(life->Weights(), "90/10");
}

TEST_F(CanaryRestartTest, ACanaryThatWasDeletedMeanwhileIsTakenBack) {
  ASSERT_EQ(life->Do("start").status, 200);
  life.reset();
  text = kRules;
  Begin();
  life->Tick();
  EXPECT_EQ(life->Weights(), "90/10");
  life->Tick();
  EXPECT_TRUE(life->manager().canaries().Load()->empty());
}

TEST_F(CanaryRestartTest, OneThatHadItsStagesCutMeanwhileGoesOnInTheLastOne) {
  ASSERT_EQ(life->Do("start").status, 200);
  ASSERT_EQ(life->Do("promote").status, 200);
  life.reset();
  const std::size_t stages = text.find("  stages: ");
  text.replace(stages, text.find('\n', stages) - stages, "  stages: [{weight: 100, bake: 10s}]");
  Begin();
  life->Tick();
  EXPECT_EQ(life->Weights(), "0/100");
  EXPECT_EQ(life->Status()["stage"], 0);
}

TEST_F(CanaryRestartTest, PausedAndEndedOnesStayWhatTheyWere) {
  ASSERT_EQ(life->Do("start").status, 200);
  ASSERT_EQ(life->Do("pause").status, 200);
  Begin();
  EXPECT_EQ(life->Status()["pauseCause"], "person");
  Hold(20);
  EXPECT_EQ(life->Weights(), "80/20");
  ASSERT_EQ(life->Do("abort").status, 200);
  Begin();
  EXPECT_EQ(life->Phase(), "Aborted");
  EXPECT_FALSE(life->Status()["events"].empty());
}

TEST_F(CanaryRestartTest, AnOrderlyEndKeepsTheLastMoment) {
  ASSERT_EQ(life->Do("start").status, 200);
  Hold(3);
  life->Tick();
  const double held = life->Status()["heldSeconds"];
  life->controller().Stop();
  Begin();
  EXPECT_EQ(life->Status()["heldSeconds"], held);
}

}  // namespace
}  // namespace sluice::gateway

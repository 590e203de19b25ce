// Canaries by themselves: stages, rollbacks, refused changes, edits by others, definitions that change.
#include "gateway/canary/canary_controller.h"

#include <gtest/gtest.h>

#include "tests/gateway/canary/canary_support.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Outcome = ChangeResult::Outcome;

using CanaryControllerTest = CanaryTest;

TEST_F(CanaryControllerTest, GoesThroughItsStagesWhenTheyWereHeldAndBothAnswerWell) {
  EXPECT_EQ(life->Phase(), "Idle");
  ASSERT_EQ(life->Do("start").status, 200);
  EXPECT_EQ(life->Weights(), "80/20");
  life->AnswerWell();
  Hold(9);
  EXPECT_EQ(life->Weights(), "80/20") << "the hold is not over";

  Hold(1);
  EXPECT_EQ(life->Weights(), "50/50");
  life->AnswerWell();
  Hold();
  EXPECT_EQ(life->Weights(), "0/100");
  life->Answer(life->Challenger(), 400);
  Hold();

  EXPECT_EQ(life->Phase(), "Succeeded");
  EXPECT_EQ(life->Weights(), "0/100");
  EXPECT_EQ(life->Events(), "start stage stage finish");
  const auto facts = life->controller().Facts();
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].promotions, 1u);
  EXPECT_EQ(facts[0].weight, 100u);
}

TEST_F(CanaryControllerTest, WaitsWithoutDataAndTellsItOnce) {
  ASSERT_EQ(life->Do("start").status, 200);
  Hold(15);
  EXPECT_EQ(life->Weights(), "80/20");
  EXPECT_EQ(life->Events(), "start wait");
  life->AnswerWell();
  Hold(1);
  EXPECT_EQ(life->Weights(), "50/50");
}

TEST_F(CanaryControllerTest, ABrokenChallengerIsRolledBackAtOnceWithItsNumbers) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->Answer(life->Champion(), 1000, 1);
  life->Answer(life->Challenger(), 100, 60);

  life->Tick();

  EXPECT_EQ(life->Weights(), "90/10");
  const Json status = life->Status();
  EXPECT_EQ(status["phase"], "RolledBack");
  const Json& event = status["events"][0];
  EXPECT_EQ(event["what"], "rollback");
  EXPECT_EQ(event["author"], "canary");
  EXPECT_EQ(event["numbers"]["challengerRequests"], 160);
  EXPECT_EQ(event["numbers"]["gates"][0]["broken"], true);
  const auto revision = life->manager().store().Find(event["revision"].get<std::uint64_t>());
  ASSERT_TRUE(revision);
  EXPECT_EQ(revision->source, "canary");
  EXPECT_EQ(revision->author, "canary ml/next");
  EXPECT_NE(revision->message.find("60 of 160"), std::string::npos) << revision->message;
  EXPECT_EQ(life->controller().Facts()[0].rollbacks, 1u);
}

TEST_F(CanaryControllerTest, GuardsStayOnWhileAPersonHasPausedIt) {
  ASSERT_EQ(life->Do("start").status, 200);
  ASSERT_EQ(life->Do("pause").status, 200);
  life->AnswerWell();
  Hold(20);
  EXPECT_EQ(life->Weights(), "80/20");
  life->Answer(life->Challenger(), 0, 400);
  life->Tick();
  EXPECT_EQ(life->Phase(), "RolledBack");
}

TEST_F(CanaryControllerTest, TheLastStageIsComparedWithTheChampionOfTheStageBefore) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->Answer(life->Champion(), 300);
  life->Tick();
  ASSERT_EQ(life->Do("promote", R"({"full":true})").status, 200);
  EXPECT_EQ(life->Weights(), "0/100");
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["championRequests"], 300);
  life->Answer(life->Challenger(), 100, 100);
  life->Tick();
  EXPECT_EQ(life->Phase(), "RolledBack");
  EXPECT_EQ(life->Weights(), "90/10");
}

TEST_F(CanaryControllerTest, EveryStageLooksAtItsOwnAnswers) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->AnswerWell(250);
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["challengerRequests"], 250);
  ASSERT_EQ(life->Do("promote").status, 200);
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["challengerRequests"], 0);
}

TEST_F(CanaryControllerTest, ARefusedRollbackIsTriedForeverWithGrowingPauses) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->refuse = Outcome::kGateFailed;
  life->asked = 0;
  life->Answer(life->Champion(), 1000);
  life->Answer(life->Challenger(), 0, 200);

  Hold(60);

  EXPECT_EQ(life->Weights(), "80/20");
  EXPECT_EQ(life->asked, 6u) << "at 0, 1, 3, 7, 15 and 31 s; the next one at 61 s";
  EXPECT_NE(life->Status()["reason"].get<std::string>().find("a test of --gate fails"), std::string::npos)
      << life->Status()["reason"];
  EXPECT_EQ(life->Do("promote").status, 409) << "it is on its way back";
  EXPECT_EQ(life->Do("pause").status, 409);
  life->refuse.reset();
  Hold(31);
  EXPECT_EQ(life->Weights(), "90/10");
  EXPECT_EQ(life->Events(), "start rollback");
}

TEST_F(CanaryControllerTest, ARefusedStageIsTriedAgainAndGivesWayToARollback) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->AnswerWell();
  life->refuse = Outcome::kNotRecorded;
  Hold(15);
  EXPECT_EQ(life->Weights(), "80/20");
  EXPECT_NE(life->Status()["reason"].get<std::string>().find("no change today"), std::string::npos);
  life->refuse.reset();
  life->Answer(life->Challenger(), 0, 400);
  life->Tick();
  EXPECT_EQ(life->Phase(), "RolledBack") << "at once, whatever the stage was waiting for";
}

TEST_F(CanaryControllerTest, WhatAPersonAsksForAndIsRefusedLeavesEverythingAsItWas) {
  life->refuse = Outcome::kGateFailed;
  const AdminAnswer start = life->Do("start");
  EXPECT_EQ(start.status, 409) << start.body;
  EXPECT_NE(start.body.find("a test of --gate fails"), std::string::npos) << start.body;
  EXPECT_EQ(life->Phase(), "Idle");
  Begin();
  EXPECT_EQ(life->Phase(), "Idle");
  EXPECT_EQ(life->Weights(), "90/10");
  ASSERT_EQ(life->Do("start").status, 200);
  life->refuse = Outcome::kNotRecorded;
  EXPECT_EQ(life->Do("promote").status, 507);
  EXPECT_EQ(life->Status()["stage"], 0);
  EXPECT_EQ(life->Do("abort").status, 200) << "is done as soon as it can be";
  life->refuse.reset();
  Hold(2);
  EXPECT_EQ(life->Phase(), "Aborted");
  EXPECT_EQ(life->Weights(), "90/10");
}

TEST_F(CanaryControllerTest, AnEditOfTheRouteBySomebodyElsePausesWithWhoAndWhat) {
  ASSERT_EQ(life->Do("start").status, 200);
  Json body = life->Body();
  body["spec"]["http"][1]["timeout"] = "3s";
  ASSERT_TRUE(life->Edit(body).ok());

  const Json status = life->Status();
  EXPECT_EQ(status["phase"], "Paused");
  EXPECT_EQ(status["pauseCause"], "foreignEdit");
  EXPECT_EQ(status["reason"], "changed by ana in revision 3: route default: timeout: 3s is new");
  life->Answer(life->Challenger(), 0, 500);
  Hold(30);
  EXPECT_EQ(life->Phase(), "Paused") << "the route is not ours: nothing is touched";
  EXPECT_EQ(life->Weights(), "80/20");

  ASSERT_EQ(life->Do("resume").status, 200);
  life->Tick();
  EXPECT_EQ(life->Status()["verdict"]["challengerRequests"], 0) << "what was answered meanwhile does not count";
  EXPECT_EQ(life->Body()["spec"]["http"][1]["timeout"], "3s");
  ASSERT_EQ(life->Do("abort").status, 200);
  EXPECT_EQ(life->Weights(), "90/10");
}

TEST_F(CanaryControllerTest, WeightsSetBySomebodyElseAreAdoptedOnResume) {
  ASSERT_EQ(life->Do("start").status, 200);
  Json body = life->Body();
  body["spec"]["http"][1]["route"][0]["weight"] = 30;
  body["spec"]["http"][1]["route"][1]["weight"] = 30;
  ASSERT_TRUE(life->Edit(body).ok());
  EXPECT_EQ(life->Phase(), "Paused");
  ASSERT_EQ(life->Do("resume").status, 200);
  EXPECT_EQ(life->Weights(), "48/12");
  ASSERT_EQ(life->Do("abort").status, 200);
  EXPECT_EQ(life->Weights(), "54/6") << "90 to 10, as before the start";
}

TEST_F(CanaryControllerTest, EditsOfOtherRulesAndObjectsDoNotDisturb) {
  ASSERT_EQ(life->Do("start").status, 200);
  Json body = life->Body();
  body["spec"]["http"][0]["timeout"] = "3s";
  ASSERT_TRUE(life->Edit(body).ok());
  life->AnswerWell();
  Hold();
  EXPECT_EQ(life->Weights(), "50/50");
  EXPECT_EQ(life->Body()["spec"]["http"][0]["timeout"], "3s");
}

TEST_F(CanaryControllerTest, ADeletedCanaryTakesItsWeightsBackAndIsForgotten) {
  ASSERT_EQ(life->Do("start").status, 200);
  ASSERT_TRUE(life->Delete("Canary", "next").ok());
  life->refuse = Outcome::kNotRecorded;
  Hold(5);
  EXPECT_EQ(life->Weights(), "80/20");
  life->refuse.reset();
  Hold(10);
  EXPECT_EQ(life->Weights(), "90/10");
  EXPECT_EQ(life->Ask("GET", "/sluice/v1/canaries/ml/next").status, 404);
  EXPECT_TRUE(life->manager().canaries().Load()->empty());
  const auto events = life->manager().canaries().Events("ml/next", 1);
  ASSERT_TRUE(events && !events->empty());
  EXPECT_NE(events->front().text.find("deleted while it ran"), std::string::npos) << events->front().text;
}

TEST_F(CanaryControllerTest, OneThatComesBackUnderItsNameWaitsForTheEndOfTheLastRun) {
  ASSERT_EQ(life->Do("start").status, 200);
  const Json canary = life->manager().world().Find({"Canary", "ml", "next"})->body;
  ASSERT_TRUE(life->Delete("Canary", "next").ok());
  life->refuse = Outcome::kNotRecorded;
  life->Tick();
  life->refuse.reset();
  ASSERT_TRUE(life->Edit(canary).ok());
  EXPECT_EQ(life->Do("start").status, 409);
  Hold(2);
  EXPECT_EQ(life->Weights(), "90/10");
  EXPECT_EQ(life->Do("start").status, 200);
  EXPECT_EQ(life->Weights(), "80/20");
}

TEST_F(CanaryControllerTest, AnotherNumberOfTheStageBeginsItAnew) {
  ASSERT_EQ(life->Do("start").status, 200);
  life->AnswerWell();
  Hold(9);
  Json canary = life->manager().world().Find({"Canary", "ml", "next"})->body;
  canary["spec"]["stages"][0]["weight"] = 30;
  ASSERT_TRUE(life->Edit(canary).ok());
  Hold(2);
  EXPECT_EQ(life->Weights(), "70/30");
  EXPECT_LT(life->Status()["heldSeconds"].get<double>(), 2.1);
  EXPECT_EQ(life->Events(), "start edit stage");
}

TEST_F(CanaryControllerTest, SaysWhyItCannotStart) {
  const auto refused = [this](const std::string& part) {
    const AdminAnswer answer = life->Do("start");
    EXPECT_EQ(answer.status, 409) << answer.body;
    EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
    EXPECT_EQ(life->Phase(), "Idle");
  };
  Json body = life->Body();
  body["spec"]["http"][1]["route"].erase(1);
  ASSERT_TRUE(life->Edit(body).ok());
  refused("add it to the route with weight 0");
  body["spec"]["http"][1]["name"] = "other";
  ASSERT_TRUE(life->Edit(body).ok());
  refused("there is no route default");
  ASSERT_TRUE(life->Delete("VirtualService", "ranking-vs").ok());
  refused("VirtualService ml/ranking-vs does not exist");
}

TEST_F(CanaryControllerTest, APagesStatusIsWhatToolsReadAndWritingNeedsTheToken) {
  EXPECT_EQ(life->Ask("POST", "/sluice/v1/canaries/ml/next/start", "{}", false).status, 401);
  EXPECT_EQ(life->Ask("POST", "/sluice/v1/canaries/ml/other/start").status, 404);
  EXPECT_EQ(life->Ask("GET", "/sluice/v1/canaries/ml/other").status, 404);
  EXPECT_EQ(life->Ask("PUT", "/sluice/v1/canaries").status, 405);
  EXPECT_EQ(life->Do("start", "[1]").status, 400);
  EXPECT_EQ(life->Do("start", R"({"message":")" + std::string(2000, 'x') + "\"}").status, 400);
  ASSERT_EQ(life->Do("start", R"({"message":"go"})").status, 200);
  life->AnswerWell();
  life->Tick();

  const Json list = Json::parse(life->Ask("GET", "/sluice/v1/canaries").body);
  ASSERT_EQ(list["canaries"].size(), 1u);
  const Json status = life->Status();
  EXPECT_EQ(status["virtualService"], "ml/ranking-vs");
  EXPECT_EQ(status["stages"][2]["weight"], 100);
  EXPECT_EQ(status["stages"][2]["holdSeconds"], 10.0);
  EXPECT_EQ(status["weight"], 20);
  EXPECT_EQ(status["verdict"]["enough"], true);
  const Json& gate = status["verdict"]["gates"][0];
  EXPECT_EQ(gate["gate"], "errorRate");
  EXPECT_GT(gate["threshold"].get<double>(), 3.0);
  EXPECT_NE(status["events"][0]["text"].get<std::string>().find("(go)"), std::string::npos);
  EXPECT_EQ(status["events"][0]["author"], "tester");
}

}  // namespace
}  // namespace sluice::gateway

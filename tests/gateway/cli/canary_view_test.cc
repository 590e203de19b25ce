#include "gateway/cli/canary_view.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

Json Status() {
  return Json::parse(R"({
    "namespace": "ml", "name": "next", "virtualService": "ml/ranking-vs", "route": "default", "champion": "v45",
    "challenger": "v47", "phase": "Progressing", "pauseCause": "", "stage": 1,
    "stages": [{"weight": 5, "holdSeconds": 600.0}, {"weight": 25, "holdSeconds": 1200.0}, {"weight": 100, "holdSeconds": 0.0}],
    "heldSeconds": 200.5, "weight": 25, "reason": "stage 1 of 3 (5 %) held 10m", "since": 1700000000,
    "verdict": {"championRequests": 4012, "challengerRequests": 236, "enough": false, "gates": [
      {"gate": "errorRate", "champion": 0.001, "challenger": 0.0512, "low": 0.01, "high": 0.09, "broken": true, "beyond": true},
      {"gate": "latency", "quantile": 0.999, "champion": 208.0, "challenger": 212.0, "low": 0.0, "high": null,
       "broken": false, "beyond": true}]},
    "prometheus": [{"name": "drift", "state": "bad", "value": 0.3, "text": "0.3 > 0.2"}],
    "events": [{"timeUs": 1700000000000000, "what": "stage", "text": "stage 1 of 3 (5 %) held 10m", "author": "canary",
                "revision": 7}]})");
}

void Tells(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST(CanaryView, DrawsTheStagesWithTheOneItIsInAndHowLongItWasHeld) {
  const std::string view = CanaryView(Status(), false);
  Tells(view, "default of ml/ranking-vs: from v45 to v47");
  Tells(view, "5 % -- [25 %] -- 100 %");
  Tells(view, "3m20s of 20m  #####.........................");
  Tells(view, "Progressing, stage 2 of 3 (25 %)");
}

TEST(CanaryView, ShowsBothVersionsBesideEachOtherAndWhatHappened) {
  const std::string view = CanaryView(Status(), false);
  Tells(view, "4012");
  Tells(view, "0.10 %     5.12 %     1.00 to 9.00 points");
  Tells(view, "broken");
  Tells(view, "p99.9");
  Tells(view, "worse, not certain yet");
  Tells(view, "bad: 0.3 > 0.2");
  Tells(view, "2023-11-14 22:13:20Z   stage   canary   7");
}

TEST(CanaryView, AnIdleOneHasNoCurrentStageAndNoNumbers) {
  Json status = Status();
  status["phase"] = "Idle";
  status["verdict"] = Json::object();
  const std::string view = CanaryView(status, false);
  Tells(view, "5 % -- 25 % -- 100 %");
  EXPECT_EQ(view.find("GATE"), std::string::npos) << view;
  EXPECT_EQ(CanaryLine(status), "Idle: stage 1 of 3 (5 %) held 10m");
  EXPECT_FALSE(CanaryRuns(status));
}

TEST(CanaryView, TakesWhateverAnotherGatewaySays) {
  for (const char* text :
       {"{}", "[]", "null", R"({"stages": 7, "verdict": [], "events": [1], "phase": "Progressing", "stage": 9})"}) {
    EXPECT_FALSE(CanaryView(Json::parse(text), true).empty());
    EXPECT_FALSE(CanaryTable(Json::array({Json::parse(text)})).empty());
  }
}

}  // namespace
}  // namespace sluice::gateway

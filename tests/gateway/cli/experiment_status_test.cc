#include "gateway/cli/experiment_status.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

Json Status() {
  return Json::parse(R"({"namespace":"ml","name":"ranking-v47","host":"ranking.ml.svc.cluster.local",
    "unit":"header:x-user-id","buckets":100,"layer":"ranking","holdout":null,"sinceUs":1700000000000000,
    "exposureLog":{"path":"","lines":0,"dropped":0},
    "ratio":{"chiSquare":1.21,"pValue":0.27,"users":4000,"alarm":false},"findings":[],
    "arms":[{"arm":"control","subset":"v45","expectedShare":0.8,"exposures":3230,"share":0.8075,"requests":9000,
             "errors":9,"errorRate":0.001,"p50Ms":10.04,"p99Ms":48.2,"meanMs":12.5,"against":null},
            {"arm":"treatment","subset":"v47","expectedShare":0.2,"exposures":770,"share":0.1925,"requests":2000,
             "errors":4,"errorRate":0.002,"p50Ms":11.1,"p99Ms":60.0,"meanMs":14.0,
             "against":{"arm":"control","errorRate":{"difference":0.001,"low":-0.001,"high":0.006},
                        "p50":{"ratio":1.105,"low":1.01,"high":1.2},"p99":{"ratio":1.245,"low":0.7,"high":null}}}]})");
}

TEST(ExperimentText, PutsTheArmsBesideEachOther) {
  EXPECT_EQ(
      ExperimentText(Status()),
      "experiment     ml/ranking-v47 on ranking.ml.svc.cluster.local\n"
      "unit           header:x-user-id, 100 buckets, layer ranking\n"
      "since          2023-11-14 22:13:20Z\n"
      "exposure log   off; GatewaySettings exposureLog: {path: FILE} turns it on\n"
      "split          as it should be at 4000 users (chi-square 1.21, p = 0.27)\n"
      "\n"
      "ARM         SUBSET   USERS   SHARE     EXPECTED   REQUESTS   ERRORS   ERROR RATE   MEAN MS   P50 MS   P99 MS\n"
      "control     v45      3230    80.75 %   80.00 %    9000       9        0.100 %      12.50     10.04    48.20\n"
      "treatment   v47      770     19.25 %   20.00 %    2000       4        0.200 %      14.00     11.10    60.00\n"
      "\n"
      "DIFFERENCE                 ERROR RATE, POINTS          P50, TIMES               P99, TIMES\n"
      "treatment beside control   +0.100 (-0.100 to +0.600)   1.105 (1.010 to 1.200)   1.245 (0.700 to -)\n");
}

TEST(ExperimentText, AnAlarmComesWithItsCure) {
  Json status = Status();
  status["ratio"] = {{"chiSquare", 40.5}, {"pValue", 1.9e-10}, {"users", 5000U}, {"alarm", true}};
  status["findings"] = Json::array({{{"code", "SL2050"}, {"message", "one arm loses users"}, {"cure", "look for it"}}});

  const std::string text = ExperimentText(status);

  EXPECT_NE(text.find("ALARM at 5000 users (chi-square 40.50, p = 1.9e-10)"), std::string::npos) << text;
  EXPECT_NE(text.find("SL2050         one arm loses users"), std::string::npos) << text;
  EXPECT_NE(text.find("cure           look for it"), std::string::npos) << text;
}

TEST(ExperimentText, AnAnswerOfAnotherVersionCrashesNothing) {
  EXPECT_NE(ExperimentText(Json::object()).find("no arms"), std::string::npos);
  EXPECT_NE(ExperimentText(Json{{"arms", {{{"arm", 7}}}}}).find('-'), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

#include "gateway/experiment/experiment_monitor.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/telemetry/version_meter.h"
#include "tests/gateway/experiment/trial.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

using Json = nlohmann::json;

class ExperimentMonitorTest : public ::testing::Test {
 protected:
  void Begin() {
    trial_.Publish();
    MonitorSource source{
        .feeds = {&trial_.feed},
        .snapshot = [](void* self) { return static_cast<ExperimentMonitorTest*>(self)->trial_.snapshot(); },
        .warn = [](void* self,
                   const std::string& text) { static_cast<ExperimentMonitorTest*>(self)->warnings_.push_back(text); },
        .self = this,
        .state_directory = directory_.path().string()};
    monitor_ = std::make_unique<ExperimentMonitor>(context_, clock_, std::move(source));
    monitor_->Start();
  }
  void Again() {
    trial_.Publish();
    monitor_->Read();
  }
  void LogTo(const std::string& name) { trial_.settings.exposure_log.path = (directory_.path() / name).string(); }
  std::vector<Json> Lines(const std::string& name) const {
    std::vector<Json> lines;
    std::ifstream file(directory_.path() / name);
    for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  std::uint64_t Exposures(const std::string& arm) const {
    const std::vector<ExperimentFacts> all = monitor_->Facts();
    for (const ArmFacts& facts : all.at(0).arms) {
      if (facts.arm == arm) return facts.exposures;
    }
    return 0;
  }
  Json Page(std::string_view path) {
    const AdminAnswer answer =
        monitor_->Answer({.method = "GET", .path = path, .query = "", .authority = "", .origin = ""});
    status_ = answer.status;
    return Json::parse(answer.body);
  }
  // In steps that the ring can hold. Of the treatment, the share `lost` never comes.
  void ServeUsers(int users, int lost_of_hundred) {
    const std::set<std::string> gone = TreatmentOf(lost_of_hundred == 0 ? 0 : users, lost_of_hundred);
    for (int i = 0; i < users; ++i) {
      const std::string user = "user-" + std::to_string(i);
      if (!gone.contains(user)) trial_.Serve(user);
      if (i % 1'000 == 0) monitor_->Read();
    }
    monitor_->Read();
  }
  std::set<std::string> TreatmentOf(int users, int of_hundred) {
    core::BucketHasher hasher;
    std::set<std::string> chosen;
    int seen = 0;
    for (int i = 0; i < users; ++i) {
      const std::string user = "user-" + std::to_string(i);
      if (hasher.Bucket(user, "ranking-v47", 100).value_or(0) < 50) continue;
      if (++seen % 100 < of_hundred) chosen.insert(user);
    }
    return chosen;
  }

  TemporaryDirectory directory_;
  boost::asio::io_context context_;
  ManualClock clock_;
  Trial trial_;
  std::vector<std::string> warnings_;
  std::unique_ptr<ExperimentMonitor> monitor_;
  int status_ = 0;
};

TEST_F(ExperimentMonitorTest, CountsEachUserOfEachArmOnce) {
  Begin();

  for (int round = 0; round < 3; ++round) {
    trial_.ServeMany(1'000);
    trial_.Serve("user-1", {.code = 503, .relayed = false});  // and once more, served by nothing
    monitor_->Read();
  }

  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 1'000u);
  EXPECT_NEAR(static_cast<double>(Exposures("control")), 500, 60);
}

TEST_F(ExperimentMonitorTest, WritesALineForEachUserArmAndVersionThatServed) {
  LogTo("log");
  Begin();

  for (int round = 0; round < 3; ++round) {
    trial_.Serve("user-42");
    trial_.Serve("user-42", {.code = 503, .relayed = false});
    Again();  // another generation, the same definition
  }

  const std::vector<Json> lines = Lines("log");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["experiment"], "ml/ranking-v47");
  EXPECT_EQ(lines[0]["bucket"], 33);
  EXPECT_EQ(lines[0]["assigned"], "control");
  EXPECT_EQ(lines[0]["by"], "bucket");
  EXPECT_EQ(lines[0]["served"], "v45");
  EXPECT_EQ(lines[0]["reason"], "as-assigned");
  EXPECT_EQ(lines[0]["unit"].get<std::string>().size(), 32u);
  EXPECT_TRUE(lines[1]["served"].is_null());
  EXPECT_EQ(lines[1]["reason"], "failed");
  EXPECT_EQ(lines[0]["unit"], lines[1]["unit"]);
  EXPECT_EQ(monitor_->log().lines(), 2u);
}

TEST_F(ExperimentMonitorTest, TheLogNamesNobody) {
  LogTo("log");
  Begin();

  trial_.Serve("alice@example.com");
  monitor_->Read();

  EXPECT_EQ(Lines("log").at(0).dump().find("alice"), std::string::npos);
}

TEST_F(ExperimentMonitorTest, AnotherServiceIsToldByItsName) {
  LogTo("log");
  trial_.elsewhere = true;
  Begin();

  trial_.Serve("user-42");
  monitor_->Read();

  EXPECT_EQ(Lines("log").at(0)["served"], "other.svc/stable");
  EXPECT_EQ(Lines("log").at(0)["reason"], "other-rule");
}

TEST_F(ExperimentMonitorTest, NamedUsersAreLoggedAndNotCounted) {
  LogTo("log");
  trial_.experiment.overrides = {{"qa", 1}};
  trial_.experiment.override_index = core::TextIndex(std::vector<core::TextIndex::Entry>{{"qa", 1}});
  Begin();

  trial_.Serve("qa");
  monitor_->Read();

  ASSERT_EQ(Lines("log").size(), 1u);
  EXPECT_EQ(Lines("log")[0]["by"], "override");
  EXPECT_EQ(Lines("log")[0]["assigned"], "treatment");
  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 0u);
}

TEST_F(ExperimentMonitorTest, AHoldoutHasItsOwnCount) {
  LogTo("log");
  trial_.experiment.holdout = {.name = "all", .buckets = core::kLayerBuckets};
  Begin();

  trial_.ServeMany(10);
  monitor_->Read();

  EXPECT_EQ(Exposures("holdout"), 10u);
  EXPECT_EQ(Exposures("control"), 0u);
  EXPECT_EQ(Lines("log").at(0)["assigned"], "holdout");
  EXPECT_EQ(Lines("log").at(0)["reason"], "no-arm");
}

TEST_F(ExperimentMonitorTest, AnotherDefinitionBeginsAtZero) {
  Begin();
  trial_.ServeMany(100);
  monitor_->Read();
  trial_.experiment.salt = "again";
  Again();
  const std::uint64_t zero = Exposures("control") + Exposures("treatment");

  trial_.ServeMany(100);
  monitor_->Read();

  EXPECT_EQ(zero, 0u);
  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 100u);
}

TEST_F(ExperimentMonitorTest, WhatIsNoOtherDefinitionGoesOn) {
  Begin();
  trial_.ServeMany(100);
  monitor_->Read();
  trial_.experiment.matches.emplace_back();  // who takes part at all may change

  Again();

  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 100u);
}

TEST_F(ExperimentMonitorTest, EntriesOfTheDefinitionBeforeDoNotCountInTheNext) {
  Begin();
  const auto before = trial_.snapshot();
  trial_.experiment.arms[0].last = 19;
  trial_.experiment.arms[1].first = 20;
  Again();

  trial_.ServeIn(*before, "user-42", {});  // a long exchange ends
  monitor_->Read();

  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 0u);
  EXPECT_EQ(monitor_->dropped_generations(), 0u);
}

TEST_F(ExperimentMonitorTest, EntriesOfAConfigurationThatIsLongGoneAreDroppedAndCounted) {
  Begin();
  const auto before = trial_.snapshot();
  for (std::size_t i = 0; i < ExperimentMonitor::kGenerations; ++i) Again();

  trial_.ServeIn(*before, "user-42", {});
  monitor_->Read();

  EXPECT_EQ(monitor_->dropped_generations(), 1u);
  EXPECT_EQ(Exposures("control"), 0u);
}

TEST_F(ExperimentMonitorTest, SharesAsTheyShouldBeRaiseNoAlarm) {
  Begin();

  ServeUsers(40'000, 0);

  EXPECT_FALSE(monitor_->Facts().at(0).alarm);
  EXPECT_GT(monitor_->Facts().at(0).ratio.p_value, 0.001);
  EXPECT_TRUE(monitor_->Findings().empty());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ExperimentMonitorTest, LosingUsersOfOneArmRaisesTheAlarmOnce) {
  Begin();

  ServeUsers(40'000, 8);

  EXPECT_TRUE(monitor_->Facts().at(0).alarm);
  ASSERT_EQ(monitor_->Findings().size(), 1u);
  EXPECT_EQ(monitor_->Findings()[0].code, "SL2050");
  EXPECT_NE(monitor_->Findings()[0].message.find("in control and"), std::string::npos);
  EXPECT_NE(monitor_->Findings()[0].message.find("p = "), std::string::npos);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("SL2050"), std::string::npos);
}

TEST_F(ExperimentMonitorTest, TwoPercentOfTheUsersOfOneArmAreMissed) {
  Begin();

  ServeUsers(300'000, 2);

  EXPECT_TRUE(monitor_->Facts().at(0).alarm);
  EXPECT_EQ(trial_.feed.dropped(), 0u);
}

TEST_F(ExperimentMonitorTest, AnotherDefinitionEndsTheAlarm) {
  Begin();
  ServeUsers(40'000, 8);

  trial_.experiment.salt = "again";
  Again();

  EXPECT_FALSE(monitor_->Facts().at(0).alarm);
  EXPECT_TRUE(monitor_->Findings().empty());
}

TEST_F(ExperimentMonitorTest, ALogThatCannotBeHadIsToldOnceAndTriedAgain) {
  LogTo("missing/log");
  Begin();

  trial_.Serve("user-1");
  monitor_->Read();
  std::filesystem::create_directory(directory_.path() / "missing");
  monitor_->Read();
  trial_.Serve("user-2");
  monitor_->Read();

  EXPECT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(monitor_->log().dropped(), 1u);
  EXPECT_EQ(Lines("missing/log").size(), 1u);
  EXPECT_EQ(Exposures("control") + Exposures("treatment"), 2u);
}

TEST_F(ExperimentMonitorTest, ThePageTellsSharesErrorsAndLatencyBesideTheControl) {
  Begin();
  for (int i = 0; i < 2'000; ++i) {
    const std::string user = "user-" + std::to_string(i);
    const bool treatment = core::BucketHasher().Bucket(user, "ranking-v47", 100).value_or(0) >= 50;
    const std::uint16_t code = treatment && i % 4 == 0 ? 500 : 200;
    trial_.Serve(user, {.code = code, .took = core::Milliseconds(treatment ? 20 : 10)});
  }

  const Json status = Page("/sluice/v1/experiments/ml/ranking-v47");

  ASSERT_EQ(status_, 200);
  EXPECT_EQ(status["unit"], "header:x-user-id");
  const Json& control = status["arms"][0];
  const Json& treatment = status["arms"][1];
  EXPECT_EQ(control["exposures"].get<int>() + treatment["exposures"].get<int>(), 2'000);
  EXPECT_EQ(control["requests"].get<int>() + treatment["requests"].get<int>(), 2'000);
  EXPECT_DOUBLE_EQ(control["expectedShare"], 0.5);
  EXPECT_EQ(control["errors"], 0);
  EXPECT_NEAR(treatment["errorRate"], 0.25, 0.05);
  EXPECT_NEAR(control["p50Ms"], 10, 0.4);
  EXPECT_NEAR(treatment["p99Ms"], 20, 0.8);
  EXPECT_TRUE(control["against"].is_null());
  const Json& against = treatment["against"];
  EXPECT_EQ(against["arm"], "control");
  EXPECT_GT(against["errorRate"]["low"], 0.1);
  EXPECT_LT(against["errorRate"]["high"], 0.4);
  EXPECT_NEAR(against["p50"]["ratio"], 2, 0.1);
}

TEST_F(ExperimentMonitorTest, ThePagesListAllAndMissWhatIsNotThere) {
  Begin();

  EXPECT_EQ(Page("/sluice/v1/experiments")["experiments"].size(), 1u);
  EXPECT_EQ(Page("/sluice/v1/experiments/")["experiments"].size(), 1u);
  const Json missing = Page("/sluice/v1/experiments/ml/other");

  EXPECT_EQ(status_, 404);
  EXPECT_NE(missing["error"].get<std::string>().find("ml/ranking-v47"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

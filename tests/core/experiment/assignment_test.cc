#include "core/experiment/assignment.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

// user-42 lies in bucket 33 of 100 (tests/vectors/ab_bucket_vectors.json).
Experiment Ranking() {
  Experiment experiment;
  experiment.id = ExperimentId{0};
  experiment.name = "ranking-v47";
  experiment.host = "ranking.svc";
  experiment.unit_name = "x-user-id";
  experiment.salt = "ranking-v47";
  experiment.arms = {{"control", 0, 33, "v45"}, {"treatment", 34, 99, "v47"}};
  return experiment;
}

class AssignmentTest : public testing::Test {
 protected:
  Assignments Assign(const std::vector<Experiment>& experiments, std::string_view query = "") {
    std::vector<ExperimentId> ids;
    for (std::uint32_t i = 0; i < experiments.size(); ++i) ids.push_back(ExperimentId{i});
    return AssignExperiments(ids, experiments, request_, query, hasher_, arena_);
  }

  Arena arena_;
  Head request_{arena_};
  BucketHasher hasher_;
};

TEST_F(AssignmentTest, SetsTheFieldsOfTheFirstExperiment) {
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {Ranking()};

  const Assignments assigned = Assign(experiments);

  ASSERT_NE(assigned.first(), nullptr);
  EXPECT_EQ(assigned.first()->bucket, 33u);
  EXPECT_EQ(request_.headers.Find("x-ab-bucket"), "33");
  EXPECT_EQ(request_.headers.Find("x-ab-experiment"), "ranking-v47");
  EXPECT_EQ(request_.headers.Find("x-ab-arm"), "control");
}

TEST_F(AssignmentTest, WhatTheClientSentIsRemoved) {
  request_.headers.AddCopy("x-ab-bucket", "99");
  request_.headers.AddCopy("x-ab-bucket", "98");
  request_.headers.AddCopy("x-ab-arm", "treatment");
  request_.headers.AddCopy("x-ab-experiment", "mine");
  const std::vector<Experiment> experiments = {Ranking()};

  const Assignments assigned = Assign(experiments);

  EXPECT_EQ(assigned.first(), nullptr);
  EXPECT_TRUE(request_.headers.empty());
}

TEST_F(AssignmentTest, AnEmptyUnitTakesNoPart) {
  request_.headers.AddCopy("x-user-id", "");
  const std::vector<Experiment> experiments = {Ranking()};

  EXPECT_EQ(Assign(experiments).first(), nullptr);
  EXPECT_FALSE(request_.headers.Find("x-ab-bucket"));
}

TEST_F(AssignmentTest, UnitsComeFromCookiesAndQueriesToo) {
  Experiment by_cookie = Ranking();
  by_cookie.unit = Experiment::Unit::kCookie;
  by_cookie.unit_name = "uid";
  Experiment by_query = Ranking();
  by_query.unit = Experiment::Unit::kQueryParam;
  by_query.unit_name = "u";
  request_.headers.AddCopy("cookie", "a=b; uid=user-42");
  const std::vector<Experiment> experiments = {by_cookie, by_query};

  const Assignments assigned = Assign(experiments, "u=user-42");

  ASSERT_EQ(assigned.all().size(), 2u);
  EXPECT_EQ(assigned.all()[0].bucket, 33u);
  EXPECT_EQ(assigned.all()[1].bucket, 33u);
}

TEST_F(AssignmentTest, TheFirstWhoseUnitIsPresentNamesTheFields) {
  Experiment other = Ranking();
  other.name = "by-device";
  other.unit_name = "x-device";
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {other, Ranking()};

  Assign(experiments);

  EXPECT_EQ(request_.headers.Find("x-ab-experiment"), "ranking-v47");
}

TEST_F(AssignmentTest, ABucketInNoArmSetsNoArm) {
  Experiment partial = Ranking();
  partial.arms = {{"treatment", 90, 99, "v47"}};
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {partial};

  const Assignments assigned = Assign(experiments);

  EXPECT_EQ(request_.headers.Find("x-ab-bucket"), "33");
  EXPECT_FALSE(request_.headers.Find("x-ab-arm"));
  EXPECT_EQ(assigned.ForDestination("ranking.svc", ""), nullptr);
}

TEST_F(AssignmentTest, ArmsApplyToTheirOwnHostAndRules) {
  Experiment filtered = Ranking();
  filtered.routes = {"default"};
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {filtered};

  const Assignments assigned = Assign(experiments);

  EXPECT_NE(assigned.ForDestination("ranking.svc", "default"), nullptr);
  EXPECT_EQ(assigned.ForDestination("ranking.svc", "premium"), nullptr);
  EXPECT_EQ(assigned.ForDestination("search.svc", "default"), nullptr);
}

TEST_F(AssignmentTest, ArmsIncludeBothEnds) {
  const Experiment experiment = Ranking();

  EXPECT_EQ(FindArm(experiment, 0)->name, "control");
  EXPECT_EQ(FindArm(experiment, 33)->name, "control");
  EXPECT_EQ(FindArm(experiment, 34)->name, "treatment");
  EXPECT_EQ(FindArm(experiment, 99)->name, "treatment");
  EXPECT_EQ(FindArm(experiment, 100), nullptr);
}

TEST_F(AssignmentTest, NoMoreThanTheLimitTakePart) {
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments(kExperimentsPerHostMax + 2, Ranking());

  EXPECT_EQ(Assign(experiments).all().size(), kExperimentsPerHostMax);
}

}  // namespace
}  // namespace sluice::core

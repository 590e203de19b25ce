#include "core/experiment/assignment.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/allocation_counter.h"

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
    const RouteInput input{&request_, "/", query, 8080};
    return AssignExperiments(ids, experiments, request_, input, hasher_, random_, arena_);
  }

  Arena arena_;
  Head request_{arena_};
  BucketHasher hasher_;
  Random random_{1};
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

  ASSERT_EQ(assigned.all.size(), 2u);
  EXPECT_EQ(assigned.all[0].bucket, 33u);
  EXPECT_EQ(assigned.all[1].bucket, 33u);
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

  EXPECT_EQ(Assign(experiments).all.size(), kExperimentsPerHostMax);
}

TEST_F(AssignmentTest, TheArmIsFoundAmongThousands) {
  Experiment experiment = Ranking();
  experiment.buckets = 20'000;
  experiment.arms.clear();
  for (std::uint32_t i = 0; i < 10'000; ++i) experiment.arms.push_back({std::to_string(i), i * 2, i * 2, "v45", {}});

  for (std::uint32_t bucket = 0; bucket < experiment.buckets; ++bucket) {
    const ExperimentArm* arm = FindArm(experiment, bucket);
    ASSERT_EQ(arm != nullptr, bucket % 2 == 0);
    ASSERT_EQ(arm == nullptr ? bucket : arm->first, bucket);
  }
}

TEST_F(AssignmentTest, WhoDoesNotMatchTakesNoPart) {
  Experiment experiment = Ranking();
  experiment.matches.resize(2);
  experiment.matches[0].headers = {{"x-team", HeaderName::kOther, StringMatch::Exact("search")}};
  experiment.matches[1].query = {{"beta", StringMatch::Present()}};
  request_.headers.AddCopy("x-user-id", "user-42");

  EXPECT_EQ(Assign({experiment}).first(), nullptr);
  EXPECT_NE(Assign({experiment}, "beta").first(), nullptr);
  request_.headers.AddCopy("x-team", "search");
  EXPECT_NE(Assign({experiment}).first(), nullptr);
}

TEST_F(AssignmentTest, AnOverrideBeatsHoldoutAndLayerButNotMatch) {
  Experiment experiment = Ranking();
  experiment.overrides = {{"user-42", 1}};
  experiment.override_index = TextIndex({{"user-42", 1}});
  experiment.holdout = {"all", kLayerBuckets};
  experiment.layer = {"page", 0, 0};
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {experiment};

  const Assignments assigned = Assign(experiments);

  ASSERT_NE(assigned.first(), nullptr);
  EXPECT_EQ(assigned.first()->by, AssignedBy::kOverride);
  EXPECT_EQ(assigned.first()->arm->name, "treatment");
  EXPECT_EQ(assigned.first()->bucket, 33u);  // what it would have been
  EXPECT_EQ(request_.headers.Find("x-ab-arm"), "treatment");

  experiment.matches.emplace_back().headers = {{"x-team", HeaderName::kOther, StringMatch::Present()}};
  EXPECT_EQ(Assign({experiment}).first(), nullptr);
}

TEST_F(AssignmentTest, WhoIsHeldOutHasABucketAndNoArm) {
  Experiment experiment = Ranking();
  experiment.holdout = {"all", kLayerBuckets};
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {experiment};

  const Assignments assigned = Assign(experiments);

  ASSERT_NE(assigned.first(), nullptr);
  EXPECT_EQ(assigned.first()->by, AssignedBy::kHoldout);
  EXPECT_EQ(assigned.first()->arm, nullptr);
  EXPECT_EQ(request_.headers.Find("x-ab-bucket"), "33");
  EXPECT_EQ(request_.headers.Find("x-ab-arm"), "holdout");
  EXPECT_EQ(assigned.ForDestination("ranking.svc", ""), nullptr);
}

TEST_F(AssignmentTest, AnEmptyHoldoutHoldsNobody) {
  Experiment experiment = Ranking();
  experiment.holdout = {"none", 0};
  request_.headers.AddCopy("x-user-id", "user-42");
  const std::vector<Experiment> experiments = {experiment};

  EXPECT_EQ(Assign(experiments).first()->by, AssignedBy::kBucket);
}

TEST_F(AssignmentTest, WithoutACookieAUnitIsMadeOnceForAllThatReadIt) {
  Experiment first = Ranking();
  first.unit = Experiment::Unit::kCookie;
  first.unit_name = "uid";
  first.generate = {.ttl = std::chrono::hours(1), .path = "/rank"};
  Experiment second = first;
  second.generate->path = "/";
  Experiment other = first;
  other.unit_name = "session";
  other.generate = UnitCookie{};
  Experiment plain = first;
  plain.generate.reset();
  const std::vector<Experiment> experiments = {first, second, other, plain};
  request_.scheme = "https";

  const Assignments assigned = Assign(experiments);

  ASSERT_EQ(assigned.all.size(), 3u);  // who asks for no cookie takes part from the next request on
  EXPECT_TRUE(assigned.all[0].generated);
  EXPECT_EQ(assigned.all[0].unit.size(), 32u);
  EXPECT_EQ(assigned.all[0].unit, assigned.all[1].unit);
  EXPECT_NE(assigned.all[0].unit, assigned.all[2].unit);
  ASSERT_EQ(assigned.set_cookies.size(), 2u);
  EXPECT_EQ(assigned.set_cookies[0],
            "uid=" + std::string(assigned.all[0].unit) + "; Path=/rank; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(assigned.set_cookies[1],
            "session=" + std::string(assigned.all[2].unit) + "; Path=/; HttpOnly; SameSite=Lax; Secure");
  EXPECT_FALSE(request_.headers.Find("cookie"));
  EXPECT_TRUE(request_.headers.Find("x-ab-bucket"));
}

TEST_F(AssignmentTest, WhoHasTheCookieKeepsItsValueAndGetsNoOther) {
  Experiment experiment = Ranking();
  experiment.unit = Experiment::Unit::kCookie;
  experiment.unit_name = "uid";
  experiment.generate.emplace();
  request_.headers.AddCopy("cookie", "uid=user-42");
  const std::vector<Experiment> experiments = {experiment};

  const Assignments assigned = Assign(experiments);

  EXPECT_EQ(assigned.first()->bucket, 33u);
  EXPECT_FALSE(assigned.first()->generated);
  EXPECT_TRUE(assigned.set_cookies.empty());
}

TEST_F(AssignmentTest, AUnitIsMadeForWhoMatchesOnlyAndAlsoForWhoIsOutsideTheLayer) {
  Experiment experiment = Ranking();
  experiment.unit = Experiment::Unit::kCookie;
  experiment.unit_name = "uid";
  experiment.generate.emplace();
  experiment.matches.emplace_back().uri = StringMatch::Exact("/other");
  EXPECT_TRUE(Assign({experiment}).set_cookies.empty());

  experiment.matches.clear();
  experiment.layer = {"page", 0, 0};  // one of 10,000

  const std::vector<Experiment> experiments = {experiment};
  const Assignments assigned = Assign(experiments);
  EXPECT_EQ(assigned.first(), nullptr);
  EXPECT_EQ(assigned.set_cookies.size(), 1u);
}

TEST_F(AssignmentTest, ManyExperimentsAtOnceAreEachOfThemAlone) {
  Random chance(3);
  std::vector<Experiment> experiments;
  for (std::uint32_t i = 0; i < kExperimentsPerHostMax; ++i) {
    Experiment& experiment = experiments.emplace_back(Ranking());
    experiment.salt = experiment.name = std::string(chance.Below(60), 's') + std::to_string(i);
    if (chance.Below(3) == 0) experiment.unit_name = "x-device";
    if (chance.Below(2) == 0) experiment.layer = {"l" + std::to_string(chance.Below(20)), 0, 4'999};
    if (chance.Below(2) == 0) experiment.holdout = {"h" + std::to_string(chance.Below(20)), 2'000};
  }
  for (int user = 0; user < 50; ++user) {
    request_.headers.Clear();
    request_.headers.AddCopy("x-user-id", "user-" + std::to_string(user));
    request_.headers.AddCopy("x-device", "device-" + std::to_string(user));

    const Assignments together = Assign(experiments);

    std::size_t taken = 0;
    for (const Experiment& experiment : experiments) {
      const std::vector<Experiment> one = {experiment};
      const Assignments alone = Assign(one);
      if (alone.all.empty()) continue;
      ASSERT_LT(taken, together.all.size());
      EXPECT_EQ(together.all[taken].experiment->name, experiment.name);
      EXPECT_EQ(together.all[taken].bucket, alone.first()->bucket);
      EXPECT_EQ(together.all[taken].by, alone.first()->by);
      ++taken;
    }
    EXPECT_EQ(taken, together.all.size());
  }
}

TEST_F(AssignmentTest, TwentyExperimentsAskTheHeapForNothing) {
  std::vector<Experiment> experiments(20, Ranking());
  for (std::uint32_t i = 0; i < experiments.size(); ++i) {
    experiments[i].salt = "salt-" + std::to_string(i);
    experiments[i].matches.emplace_back().headers = {{"x-team", HeaderName::kOther, StringMatch::Exact("search")}};
    experiments[i].layer = {"page", 0, kLayerBuckets - 1};
    experiments[i].holdout = {"all", i % 2 == 0 ? kLayerBuckets : 0};
  }
  experiments[7].unit = Experiment::Unit::kCookie;
  experiments[7].unit_name = "uid";
  experiments[7].generate.emplace();
  std::vector<ExperimentId> ids;
  for (std::uint32_t i = 0; i < experiments.size(); ++i) ids.push_back(ExperimentId{i});
  request_.headers.AddCopy("x-user-id", "user-42");
  request_.headers.AddCopy("x-team", "search");
  const RouteInput input{&request_, "/", "", 8080};
  const long before = Allocations();

  const Assignments assigned = AssignExperiments(ids, experiments, request_, input, hasher_, random_, arena_);

  EXPECT_EQ(Allocations(), before);
  EXPECT_EQ(assigned.all.size(), 20u);
}

}  // namespace
}  // namespace sluice::core

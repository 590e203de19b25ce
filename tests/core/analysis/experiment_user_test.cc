// Users who get the fields that an experiment sets.
#include "core/analysis/experiment_user.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

class ExperimentUserTest : public testing::Test {
 protected:
  std::optional<SampleRequest> Find(Experiment::Unit unit, std::string_view bucket, SampleRequest request = {}) {
    tests::SnapshotBuilder world;
    world.Service("ranking", 8000, {"v1"});
    tests::HostBuilder& host = world.Host({"ranking"});
    host.Rule("all").To("ranking", "v1");
    Experiment experiment;
    experiment.name = experiment.salt = "ab";
    experiment.host = "ranking";
    experiment.unit = unit;
    experiment.unit_name = "user";
    world.Experiment(host, experiment);
    const std::unique_ptr<Snapshot> snapshot = world.Build();
    request.authority = "ranking";
    request.headers.emplace_back("x-ab-bucket", "any");
    const auto fits = [bucket](const HeaderMap& headers) { return headers.Find("x-ab-bucket") == bucket; };
    return FindUser(*snapshot, snapshot->route_table.hosts().front(), request, fits, hasher_, random_, tries_left_);
  }

  std::size_t tries_left_ = 1000;
  BucketHasher hasher_;
  Random random_{1};
};

TEST_F(ExperimentUserTest, EveryUnitHasItsPlaceInTheRequest) {
  EXPECT_EQ(Find(Experiment::Unit::kHeader, "7")->headers.front().first, "user");
  EXPECT_EQ(Find(Experiment::Unit::kCookie, "7")->headers.front().first, "cookie");
  EXPECT_TRUE(Find(Experiment::Unit::kQueryParam, "7")->target.starts_with("/?user="));
}

TEST_F(ExperimentUserTest, WhatOnlyTheGatewaySetsIsTakenOut) {
  EXPECT_FALSE(NamesExperiment(*Find(Experiment::Unit::kHeader, "7")));
}

TEST_F(ExperimentUserTest, ABucketThatDoesNotExistHasNoUser) {
  EXPECT_FALSE(Find(Experiment::Unit::kHeader, "100").has_value());
}

TEST_F(ExperimentUserTest, TheTriesAreCounted) {
  Find(Experiment::Unit::kHeader, "100");
  EXPECT_EQ(tries_left_, 500U);

  tries_left_ = 0;
  EXPECT_FALSE(Find(Experiment::Unit::kHeader, "7").has_value());
}

TEST_F(ExperimentUserTest, AUserWhoIsNamedStays) {
  SampleRequest request;
  request.headers.emplace_back("user", "42");

  const auto found = Find(Experiment::Unit::kHeader, "100", request);

  EXPECT_FALSE(found.has_value());
}

}  // namespace
}  // namespace sluice::core

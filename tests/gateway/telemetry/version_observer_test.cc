#include "gateway/telemetry/version_observer.h"

#include <gtest/gtest.h>

#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

using core::ResponseFlag;

class ObserveVersionTest : public ::testing::Test {
 protected:
  ObserveVersionTest() {
    for (const char* name : {"champion", "control", "treatment"}) {
      world_.snapshot().meters.push_back({name, std::make_shared<core::VersionMeters>(2)});
    }
    destination_.meter = core::MeterId{0};
    experiment_.arms = {{.name = "control", .subset = "v45", .meter = core::MeterId{1}},
                        {.name = "treatment", .subset = "v47", .meter = core::MeterId{2}}};
    assignment_.experiment = &experiment_;
    assignment_.arm = &experiment_.arms[1];
    core::ForwardPlan forward;
    forward.destination = &destination_;
    forward.cluster = core::ClusterId{0};
    plan_.action = forward;
  }

  core::Record Answered(std::uint16_t code = 200) {
    core::Record record = world_.Answered(world_.v45(), code);
    record.plan = &plan_;
    record.request = &request_;
    record.relayed = true;
    return record;
  }
  core::VersionSample Of(std::size_t meter) { return core::VersionSample::Of(*world_.snapshot().meters[meter].live); }

  Scenario world_;
  core::Arena arena_;
  core::Head request_{arena_};
  core::WeightedDestination destination_;
  core::Experiment experiment_;
  core::Assignment assignment_;
  core::Plan plan_;
};

TEST_F(ObserveVersionTest, AnAnswerCountsForTheDestinationOfTheRule) {
  ObserveVersion(Answered(), 1);

  EXPECT_EQ(Of(0).answers, 1u);
  EXPECT_EQ(Of(0).errors, 0u);
  EXPECT_EQ(Of(0).sum_us, 42'000u);
  EXPECT_EQ(world_.snapshot().meters[0].live->at(0).answers(), 0u);
  EXPECT_EQ(world_.snapshot().meters[0].live->at(1).answers(), 1u);
}

TEST_F(ObserveVersionTest, AnArmThatHasChosenCountsInsteadOfTheDestination) {
  plan_.applied = &assignment_;

  ObserveVersion(Answered(), 0);

  EXPECT_EQ(Of(0).answers, 0u);
  EXPECT_EQ(Of(1).answers, 0u);
  EXPECT_EQ(Of(2).answers, 1u);
}

TEST_F(ObserveVersionTest, UsersThatANameHasPutThereDoNotCount) {
  plan_.applied = &assignment_;
  assignment_.by = core::AssignedBy::kOverride;

  ObserveVersion(Answered(), 0);

  for (std::size_t meter = 0; meter < 3; ++meter) EXPECT_EQ(Of(meter).answers, 0u);
}

TEST_F(ObserveVersionTest, FiveHundredAndMoreAreErrors) {
  ObserveVersion(Answered(499), 0);
  ObserveVersion(Answered(500), 0);
  ObserveVersion(Answered(503), 0);

  EXPECT_EQ(Of(0).answers, 3u);
  EXPECT_EQ(Of(0).errors, 2u);
}

TEST_F(ObserveVersionTest, OurOwnAnswerForTheModelIsAnError) {
  core::Record record = Answered(503);
  record.relayed = false;
  record.flags.Set(ResponseFlag::kUF);

  ObserveVersion(record, 0);

  EXPECT_EQ(Of(0).errors, 1u);
}

TEST_F(ObserveVersionTest, AGrpcStatusIsAnErrorWhenItStandsForOne) {
  for (const std::int32_t status : {0, 3, 5, 14, 13, 2, 4}) {  // OK, INVALID_ARGUMENT, NOT_FOUND, then four of ours
    core::Record record = Answered();
    record.grpc = true;
    record.grpc_status = status;
    ObserveVersion(record, 0);
  }

  EXPECT_EQ(Of(0).answers, 7u);
  EXPECT_EQ(Of(0).errors, 4u);
}

TEST_F(ObserveVersionTest, AnAnswerThatTheModelBrokeOffIsAnError) {
  for (const ResponseFlag flag : {ResponseFlag::kUC, ResponseFlag::kUR, ResponseFlag::kUT, ResponseFlag::kUPE}) {
    core::Record record = Answered();
    record.flags.Set(flag);
    ObserveVersion(record, 0);
  }

  EXPECT_EQ(Of(0).errors, 4u);
}

TEST_F(ObserveVersionTest, AClientThatLeavesHasWaited) {
  core::Record before = Answered(0);
  before.relayed = false;
  before.flags.Set(ResponseFlag::kDC);
  core::Record amid = Answered(200);
  amid.flags.Set(ResponseFlag::kDR);

  ObserveVersion(before, 0);
  ObserveVersion(amid, 0);

  EXPECT_EQ(Of(0).answers, 0u);
  EXPECT_EQ(Of(0).abandoned, 2u);
  EXPECT_EQ(Of(0).timed(), 2u);
}

TEST_F(ObserveVersionTest, TunnelsAreNotTimed) {
  request_.upgrade = "websocket";

  ObserveVersion(Answered(101), 0);

  EXPECT_EQ(Of(0).answers, 0u);
}

TEST_F(ObserveVersionTest, NothingIsMeasuredThatNobodyAsksFor) {
  destination_.meter = {};
  ObserveVersion(Answered(), 0);
  core::Record refused = world_.NoRoute();
  ObserveVersion(refused, 0);
  plan_.action = core::AnswerPlan{};
  ObserveVersion(Answered(), 0);

  for (std::size_t meter = 0; meter < 3; ++meter) EXPECT_EQ(Of(meter).timed(), 0u);
}

}  // namespace
}  // namespace sluice::gateway

// How long an ejection lasts, how it ends, and what a change of endpoints does to it.
#include "core/upstream/outlier_detector.h"

#include <gtest/gtest.h>

#include "tests/core/upstream/outlier_fixture.h"

namespace sluice::core {
namespace {

class OutlierHoldTest : public OutlierFixture {
 protected:
  // One host, the numbers of the manifests: a base of a minute, a sweep every half minute.
  OutlierHoldTest() {
    policy().base_ejection_time = Seconds(60);
    policy().interval = Seconds(30);
    Sweep(cluster_, now_);  // starts the clock
  }

  // What the next configuration of the same cluster with these endpoints looks like: live numbers are shared.
  Cluster Reloaded(std::initializer_list<std::size_t> kept, std::size_t added = 0) {
    Cluster next = cluster_;
    next.endpoints.clear();
    for (const std::size_t index : kept) next.endpoints.push_back(cluster_.endpoints[index]);
    for (std::size_t i = 0; i < added; ++i) next.endpoints.push_back(MakeEndpoint(100 + i));
    RecountEjected(next);
    return next;
  }
};

TEST(EjectionHold, DoublesUpToTenMinutes) {
  OutlierPolicy policy;
  policy.base_ejection_time = Seconds(60);
  const long long seconds[] = {60, 120, 240, 480, 600, 600};
  for (std::uint32_t i = 0; i < std::size(seconds); ++i) {
    EXPECT_EQ(EjectionHold(policy, i + 1), Seconds(seconds[i])) << "ejection " << i + 1;
  }
}

TEST(EjectionHold, GrowsByTheBaseUpToFiveMinutesWhenLinear) {
  OutlierPolicy policy;
  policy.backoff = OutlierPolicy::Backoff::kLinear;
  policy.base_ejection_time = Seconds(60);
  const long long seconds[] = {60, 120, 180, 240, 300, 300};
  for (std::uint32_t i = 0; i < std::size(seconds); ++i) {
    EXPECT_EQ(EjectionHold(policy, i + 1), Seconds(seconds[i])) << "ejection " << i + 1;
  }
}

TEST(EjectionHold, ABaseAboveTheCapIsTheHold) {
  OutlierPolicy policy;
  policy.base_ejection_time = Seconds(3600);
  for (const auto backoff : {OutlierPolicy::Backoff::kExponential, OutlierPolicy::Backoff::kLinear}) {
    policy.backoff = backoff;
    EXPECT_EQ(EjectionHold(policy, 1), Seconds(3600));
    EXPECT_EQ(EjectionHold(policy, 2), Seconds(3600));
  }
}

TEST(EjectionHold, StaysAtTheCapForAnyNumber) {
  OutlierPolicy policy;
  EXPECT_EQ(EjectionHold(policy, 1'000'000), Seconds(600));
  policy.backoff = OutlierPolicy::Backoff::kLinear;
  EXPECT_EQ(EjectionHold(policy, 1'000'000), Seconds(300));
}

TEST_F(OutlierHoldTest, AHostReturnsWithTheFirstSweepAfterItsHold) {
  now_ += Seconds(10);
  Eject();

  Pass(Seconds(50));  // sweep at 60, fifty seconds after the ejection
  EXPECT_TRUE(host(0).ejected);
  Pass(Seconds(29));
  EXPECT_TRUE(host(0).ejected) << "the hold is over, the sweep has not come";
  const std::uint64_t epoch = cluster_.state->ejection_epoch;
  Pass(Seconds(1));

  EXPECT_FALSE(host(0).ejected);
  EXPECT_EQ(cluster_.state->ejected_count, 0u);
  EXPECT_GT(cluster_.state->ejection_epoch, epoch) << "balancers must notice";
}

TEST_F(OutlierHoldTest, AHoldThatEndsWithATickEndsThere) {
  Eject();
  Pass(Seconds(59));
  EXPECT_TRUE(host(0).ejected);

  Pass(Seconds(1));

  EXPECT_FALSE(host(0).ejected);
}

TEST_F(OutlierHoldTest, SweepsKeepTheirPhaseWhateverTheTimerDoes) {
  EXPECT_EQ(Sweep(cluster_, now_), now_ + Seconds(30));
  EXPECT_EQ(Sweep(cluster_, now_ + Seconds(29)), now_ + Seconds(30)) << "too early: nothing happens";
  EXPECT_EQ(Sweep(cluster_, now_ + Seconds(31)), now_ + Seconds(60));
  EXPECT_EQ(Sweep(cluster_, now_ + Seconds(155)), now_ + Seconds(180)) << "late by ticks";
}

TEST_F(OutlierHoldTest, AReturnClearsAllCounters) {
  policy().consecutive_gateway_errors = 2;
  policy().consecutive_local_failures = 2;
  Report(Answered(503));
  ASSERT_TRUE(Report(Answered(503)));
  for (int i = 0; i < 9; ++i) Report(Answered(503));  // still in flight when the host was ejected
  policy().split_local_origin = true;
  Report(Reset(ResetReason::kConnectFailure));

  Pass(Seconds(60));

  EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u);
  EXPECT_EQ(host(0).outlier.consecutive_gateway, 0u);
  EXPECT_EQ(host(0).outlier.consecutive_local, 0u);
  EXPECT_EQ(host(0).failure_run, 0u);
}

TEST_F(OutlierHoldTest, EveryEjectionDoublesTheHoldUpToTenMinutes) {
  for (const long long seconds : {60, 120, 240, 480, 600, 600, 600}) EXPECT_EQ(SecondsOut(), seconds);
  EXPECT_EQ(host(0).outlier.ejections, 7u);
}

TEST_F(OutlierHoldTest, LinearBackoffAddsTheBaseUpToFiveMinutes) {
  policy().backoff = OutlierPolicy::Backoff::kLinear;

  for (const long long seconds : {60, 120, 180, 240, 300, 300, 300}) EXPECT_EQ(SecondsOut(), seconds);
}

TEST_F(OutlierHoldTest, TheMultiplierStopsGrowingWithTheHold) {
  for (int i = 0; i < 12; ++i) SecondsOut();
  EXPECT_EQ(host(0).outlier.multiplier, 5u) << "60, 120, 240, 480, 600";
}

TEST_F(OutlierHoldTest, TheLinearMultiplierStopsOneBaseBeyondTheCap) {
  policy().backoff = OutlierPolicy::Backoff::kLinear;
  for (int i = 0; i < 12; ++i) SecondsOut();
  EXPECT_EQ(host(0).outlier.multiplier, 6u) << "6 x 60 is no longer below 300 + 60";
}

TEST_F(OutlierHoldTest, EverySweepOfAHealthyHostTakesOneFromItsMultiplier) {
  for (int i = 0; i < 3; ++i) SecondsOut();
  ASSERT_EQ(host(0).outlier.multiplier, 3u);

  Pass(Seconds(29));
  EXPECT_EQ(host(0).outlier.multiplier, 3u) << "back for less than an interval";
  Pass(Seconds(1));
  EXPECT_EQ(host(0).outlier.multiplier, 2u);
  Pass(Seconds(30));
  EXPECT_EQ(host(0).outlier.multiplier, 1u);
  Pass(Seconds(3600));
  EXPECT_EQ(host(0).outlier.multiplier, 0u);

  EXPECT_EQ(host(0).outlier.ejections, 3u) << "never decays";
  EXPECT_EQ(SecondsOut(), 60);
}

TEST_F(OutlierHoldTest, TheMultiplierOfAnEjectedHostDoesNotDecay) {
  SecondsOut();
  Eject();
  ASSERT_EQ(host(0).outlier.multiplier, 2u);

  Pass(Seconds(90));

  EXPECT_EQ(host(0).outlier.multiplier, 2u);
}

TEST_F(OutlierHoldTest, AReturnMakesRoomUnderTheLimit) {
  policy().max_ejection_percent = 25;
  Eject(0);
  EXPECT_FALSE(EjectsAt(3, Answered(500), 1));
  Pass(Seconds(60));

  EXPECT_TRUE(EjectsAt(3, Answered(500), 1));
}

TEST_F(OutlierHoldTest, EndpointsThatStayKeepTheirEjection) {
  Eject(1);

  cluster_ = Reloaded({1, 2}, 2);

  EXPECT_EQ(cluster_.state->ejected_count, 1u);
  EXPECT_TRUE(host(0).ejected);
  Pass(Seconds(60));
  EXPECT_FALSE(host(0).ejected);
}

TEST_F(OutlierHoldTest, AnEjectedEndpointThatLeavesMakesRoomUnderTheLimit) {
  policy().max_ejection_percent = 25;
  Eject(0);

  cluster_ = Reloaded({1, 2, 3}, 1);

  EXPECT_EQ(cluster_.state->ejected_count, 0u);
  EXPECT_TRUE(EjectsAt(3, Answered(500), 1));
}

TEST_F(OutlierHoldTest, AnEndpointThatLeftIsNotEjectedByTheRequestsItStillServes) {
  policy().max_ejection_percent = 25;
  const Cluster old = cluster_;
  cluster_ = Reloaded({1, 2, 3}, 1);

  for (int i = 0; i < 5; ++i) EXPECT_FALSE(OnOutcome(old, old.endpoints[0], Answered(500), now_));

  EXPECT_EQ(cluster_.state->ejected_count, 0u);
  EXPECT_TRUE(EjectsAt(3, Answered(500), 1)) << "it takes no room under the limit";
}

TEST_F(OutlierHoldTest, ALateSweepOfTheOldEndpointsTakesNobodyBackWhoLeft) {
  const Cluster old = cluster_;
  Eject(0);
  cluster_ = Reloaded({1, 2, 3});

  Sweep(old, now_ + Seconds(600));

  EXPECT_EQ(cluster_.state->ejected_count, 0u);
  EXPECT_TRUE(EjectsAt(3, Answered(500), 1));
}

TEST_F(OutlierHoldTest, RequestsOfAnOlderSnapshotStillEjectEndpointsThatStay) {
  const Cluster old = cluster_;
  cluster_ = Reloaded({0, 1});

  for (int i = 0; i < 3; ++i) OnOutcome(old, old.endpoints[1], Answered(500), now_);

  EXPECT_TRUE(host(1).ejected);
  EXPECT_EQ(cluster_.state->ejected_count, 1u);
}

TEST_F(OutlierHoldTest, SwitchingDetectionOffTakesEverybodyBack) {
  Eject(0);
  Eject(1);
  const std::uint64_t epoch = cluster_.state->ejection_epoch;
  cluster_.outlier.reset();

  RecountEjected(cluster_);

  EXPECT_FALSE(host(0).ejected);
  EXPECT_FALSE(host(1).ejected);
  EXPECT_EQ(host(0).outlier.multiplier, 0u);
  EXPECT_EQ(cluster_.state->ejected_count, 0u);
  EXPECT_GT(cluster_.state->ejection_epoch, epoch);
}

}  // namespace
}  // namespace sluice::core

// What counts as an error, when it ejects, and the limit on ejections.
#include "core/upstream/outlier_detector.h"

#include <gtest/gtest.h>

#include "tests/core/upstream/outlier_fixture.h"

namespace sluice::core {
namespace {

using OutlierDetectorTest = OutlierFixture;

constexpr ResetReason kUpstreamResets[] = {ResetReason::kConnectFailure,   ResetReason::kConnectTimeout,
                                           ResetReason::kConnectionClosed, ResetReason::kConnectionReset,
                                           ResetReason::kRemoteReset,      ResetReason::kRefused,
                                           ResetReason::kProtocolError,    ResetReason::kTimeout};
constexpr ResetReason kOwnDoing[] = {ResetReason::kOverflow,  ResetReason::kNoHealthyUpstream,
                                     ResetReason::kCancelled, ResetReason::kStreamIdle,
                                     ResetReason::kDrain,     ResetReason::kInternal};

TEST_F(OutlierDetectorTest, ClustersWithoutDetectionEjectNobody) {
  cluster_.outlier.reset();

  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Report(Answered(500)));
  EXPECT_FALSE(host(0).ejected);
  EXPECT_EQ(Sweep(cluster_, now_), TimePoint::max());
}

TEST_F(OutlierDetectorTest, TheDefaultEjectsAtTheFifthErrorInARow) {
  cluster_.outlier.emplace().max_ejection_percent = 100;

  EXPECT_TRUE(EjectsAt(5, Answered(500)));
}

TEST_F(OutlierDetectorTest, EjectsAtOnceOnTheNthErrorWithoutWaitingForASweep) {
  const std::uint64_t epoch = cluster_.state->ejection_epoch;
  EXPECT_FALSE(Report(Answered(500)));
  EXPECT_FALSE(Report(Answered(500)));
  EXPECT_FALSE(host(0).ejected);
  EXPECT_EQ(cluster_.state->ejection_epoch, epoch);

  EXPECT_TRUE(Report(Answered(500)));

  EXPECT_TRUE(host(0).ejected);
  EXPECT_EQ(cluster_.state->ejected_count, 1u);
  EXPECT_GT(cluster_.state->ejection_epoch, epoch) << "balancers must notice";
  EXPECT_EQ(host(0).outlier.ejections, 1u);
  EXPECT_EQ(host(0).outlier.multiplier, 1u);
}

TEST_F(OutlierDetectorTest, KnowsNoWindowOfTime) {
  for (int i = 0; i < 2; ++i) {
    Report(Answered(500));
    Pass(Seconds(3600));
  }

  EXPECT_TRUE(Report(Answered(500)));
}

TEST_F(OutlierDetectorTest, CountsEveryHostForItself) {
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(Report(Answered(500), i));
    EXPECT_FALSE(Report(Answered(500), i));
  }
  EXPECT_TRUE(Report(Answered(500), 2));

  EXPECT_FALSE(host(0).ejected);
  EXPECT_TRUE(host(2).ejected);
}

TEST_F(OutlierDetectorTest, AnAnswerBelow500StartsTheCountAgain) {
  for (const int good : {200, 204, 304, 404, 429, 499}) {
    Report(Answered(500));
    Report(Answered(500));
    EXPECT_FALSE(Report(Answered(good)));
    EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u) << good;
    EXPECT_EQ(host(0).failure_run, 0u) << "the next success is cheap again";
  }
  EXPECT_TRUE(EjectsAt(3, Answered(500)));
}

TEST_F(OutlierDetectorTest, EveryStatusFrom500IsAnError) {
  for (const int status : {500, 501, 502, 503, 504, 505, 599}) {
    EXPECT_FALSE(Report(Answered(status), 1));
    EXPECT_EQ(host(1).outlier.consecutive_5xx, 1u) << status;
    Report(Answered(200), 1);
  }
}

TEST_F(OutlierDetectorTest, AThresholdOfZeroSwitchesACounterOff) {
  policy().consecutive_5xx = 0;

  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Report(Answered(500)));
}

TEST_F(OutlierDetectorTest, GatewayErrorsHaveAThresholdOfTheirOwn) {
  policy().consecutive_gateway_errors = 2;

  EXPECT_TRUE(EjectsAt(2, Answered(502), 0));
  EXPECT_TRUE(EjectsAt(2, Answered(503), 1));
  EXPECT_TRUE(EjectsAt(2, Answered(504), 2));
  EXPECT_TRUE(EjectsAt(3, Answered(500), 3));
  EXPECT_EQ(counters().ejections_enforced_consecutive_gateway_failure, 3u);
  EXPECT_EQ(counters().ejections_detected_consecutive_gateway_failure, 3u);
  EXPECT_EQ(counters().ejections_enforced_consecutive_5xx, 1u);
  EXPECT_EQ(counters().ejections_detected_consecutive_5xx, 1u);
  EXPECT_EQ(counters().ejections_enforced_total, 4u);
}

TEST_F(OutlierDetectorTest, AnotherServerErrorResetsTheGatewayCounterButNotThe5xxCounter) {
  policy().consecutive_gateway_errors = 2;
  policy().consecutive_5xx = 4;

  EXPECT_FALSE(Report(Answered(503)));
  EXPECT_FALSE(Report(Answered(500)));
  EXPECT_FALSE(Report(Answered(503)));

  EXPECT_EQ(host(0).outlier.consecutive_gateway, 1u);
  EXPECT_EQ(host(0).outlier.consecutive_5xx, 3u);
}

TEST_F(OutlierDetectorTest, OneResultThatReachesBothThresholdsEjectsOnce) {
  policy().consecutive_gateway_errors = 3;

  EXPECT_TRUE(EjectsAt(3, Answered(503)));

  EXPECT_EQ(host(0).outlier.ejections, 1u);
  EXPECT_EQ(cluster_.state->ejected_count, 1u);
  EXPECT_EQ(counters().ejections_enforced_total, 1u);
}

TEST_F(OutlierDetectorTest, ResetsByTheUpstreamAreGatewayErrors) {
  policy().consecutive_gateway_errors = 1;
  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_TRUE(Report(Reset(reason))) << ResetReasonText(reason);
    Pass(Seconds(3600));
  }
}

TEST_F(OutlierDetectorTest, WhatWeDidOurselvesCountsNothing) {
  policy().consecutive_5xx = 1;
  for (const ResetReason reason : kOwnDoing) EXPECT_FALSE(Report(Reset(reason))) << ResetReasonText(reason);
  EXPECT_FALSE(Report(Outcome{})) << "nothing is known yet";
}

TEST_F(OutlierDetectorTest, WhatWeDidOurselvesForgivesNothing) {
  Report(Answered(500));
  Report(Answered(500));
  for (const ResetReason reason : kOwnDoing) Report(Reset(reason, 200));

  EXPECT_TRUE(Report(Answered(500)));
}

TEST_F(OutlierDetectorTest, ABodyThatBreaksOffIsAFailureAfterTheSuccessOfItsHead) {
  policy().consecutive_5xx = 1;

  EXPECT_FALSE(Report(Answered(200)));
  EXPECT_TRUE(Report(Reset(ResetReason::kConnectionClosed, 200)));
}

TEST_F(OutlierDetectorTest, ADeadlineAfterTheHeadSaysNothingNew) {
  policy().consecutive_5xx = 1;

  EXPECT_FALSE(Report(Reset(ResetReason::kTimeout, 200)));
  EXPECT_TRUE(Report(Reset(ResetReason::kTimeout)));
}

TEST_F(OutlierDetectorTest, GrpcStatusOfTheHeadStandsForItsHttpStatus) {
  policy().consecutive_gateway_errors = 1;
  policy().consecutive_5xx = 2;

  EXPECT_TRUE(Report(Answered(200, 14), 0)) << "UNAVAILABLE is 503";
  EXPECT_TRUE(Report(Answered(200, 4), 1)) << "DEADLINE_EXCEEDED is 504";
  EXPECT_TRUE(EjectsAt(2, Answered(200, 13), 2)) << "INTERNAL is 500, no gateway error";
  EXPECT_FALSE(Report(Answered(200, 12), 3)) << "UNIMPLEMENTED is 501";
  EXPECT_EQ(host(3).outlier.consecutive_5xx, 1u);
  for (const std::int32_t good : {0, 1, 3, 5, 8, 16}) {
    Report(Answered(200, good), 3);
    EXPECT_EQ(host(3).outlier.consecutive_5xx, 0u) << good;
    Report(Answered(500), 3);
  }
}

TEST_F(OutlierDetectorTest, AGrpcStatusOfAnAnswerToAnyOtherRequestIsJustAField) {
  policy().consecutive_5xx = 1;
  Outcome fine = Answered(200, 14);
  fine.grpc = false;
  Outcome broken = Answered(500, 0);
  broken.grpc = false;

  EXPECT_FALSE(Report(fine, 0));
  EXPECT_TRUE(Report(broken, 1));
}

TEST_F(OutlierDetectorTest, ListedCodesAloneAreErrors) {
  policy().error_codes = {429, 503};
  policy().consecutive_gateway_errors = 5;

  EXPECT_TRUE(EjectsAt(3, Answered(429), 0));
  EXPECT_TRUE(EjectsAt(3, Answered(503), 1));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Report(Answered(500), 2));
  EXPECT_EQ(host(0).outlier.consecutive_gateway, 0u) << "429 is no gateway error";
  EXPECT_EQ(host(1).outlier.consecutive_gateway, 3u);
}

TEST_F(OutlierDetectorTest, AnUnlistedServerErrorIsASuccess) {
  policy().error_codes = {503};
  Report(Answered(503));
  Report(Answered(503));

  Report(Answered(500));

  EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u);
}

TEST_F(OutlierDetectorTest, ListedCodesDoNotExcuseResets) {
  policy().error_codes = {500};

  EXPECT_TRUE(EjectsAt(3, Reset(ResetReason::kConnectionReset)));
}

class SplitOutlierTest : public OutlierFixture {
 protected:
  SplitOutlierTest() {
    policy().split_local_origin = true;
    policy().consecutive_local_failures = 2;
  }
};

TEST_F(SplitOutlierTest, ResetsAreLocalFailuresAndNoServerErrors) {
  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_TRUE(EjectsAt(2, Reset(reason))) << ResetReasonText(reason);
    EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u);
    EXPECT_EQ(host(0).outlier.consecutive_gateway, 0u);
    Pass(Seconds(3600));
  }
  EXPECT_EQ(counters().ejections_enforced_consecutive_local_origin_failure, std::size(kUpstreamResets));
  EXPECT_EQ(counters().ejections_detected_consecutive_local_origin_failure, std::size(kUpstreamResets));
  EXPECT_EQ(counters().ejections_enforced_consecutive_5xx, 0u);
}

TEST_F(SplitOutlierTest, AStreamBoundToAConnectionEndsTheRunOfLocalFailures) {
  Report(Reset(ResetReason::kConnectFailure));

  OnStreamBound(cluster_, cluster_.endpoints[0]);

  EXPECT_EQ(host(0).outlier.consecutive_local, 0u);
  EXPECT_FALSE(Report(Reset(ResetReason::kConnectFailure)));
}

TEST_F(SplitOutlierTest, AnswersFeedTheOtherCountersAndLeaveLocalFailuresAlone) {
  Report(Reset(ResetReason::kConnectFailure));
  Report(Answered(500));
  Report(Answered(500));
  Report(Answered(200));

  EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u);
  EXPECT_TRUE(Report(Reset(ResetReason::kConnectFailure)));
}

TEST_F(SplitOutlierTest, AStreamBoundLeavesServerErrorsAlone) {
  Report(Answered(500));
  Report(Answered(500));

  OnStreamBound(cluster_, cluster_.endpoints[0]);

  EXPECT_TRUE(Report(Answered(500)));
}

TEST_F(OutlierDetectorTest, WithoutSplitAStreamBoundEndsNoRun) {
  Report(Reset(ResetReason::kConnectFailure));
  Report(Reset(ResetReason::kConnectFailure));

  OnStreamBound(cluster_, cluster_.endpoints[0]);

  EXPECT_TRUE(Report(Reset(ResetReason::kConnectFailure)));
  EXPECT_EQ(counters().ejections_detected_consecutive_local_origin_failure, 0u);
}

TEST_F(OutlierDetectorTest, AnEjectedHostIsIgnored) {
  Eject();

  for (int i = 0; i < 20; ++i) EXPECT_FALSE(Report(Answered(500)));

  EXPECT_EQ(host(0).outlier.ejections, 1u);
  EXPECT_EQ(counters().ejections_enforced_total, 1u);
  EXPECT_EQ(counters().ejections_detected_consecutive_5xx, 1u);
}

TEST_F(OutlierDetectorTest, AGoodAnswerOfAnEjectedHostDoesNotBringItBack) {
  Eject();

  Report(Answered(200));

  EXPECT_TRUE(host(0).ejected);
}

TEST_F(OutlierDetectorTest, TheLimitOnEjectionsIsStrict) {
  policy().max_ejection_percent = 50;

  EXPECT_TRUE(EjectsAt(3, Answered(500), 0)) << "25 %";
  EXPECT_TRUE(EjectsAt(3, Answered(500), 1)) << "50 %";
  EXPECT_FALSE(EjectsAt(3, Answered(500), 2)) << "would be 75 %";

  EXPECT_EQ(cluster_.state->ejected_count, 2u);
  EXPECT_FALSE(host(2).ejected);
  EXPECT_EQ(host(2).outlier.multiplier, 0u);
  EXPECT_EQ(counters().ejections_overflow, 1u);
  EXPECT_EQ(counters().ejections_enforced_total, 2u);
  EXPECT_EQ(counters().ejections_detected_consecutive_5xx, 3u);
  EXPECT_EQ(counters().ejections_enforced_consecutive_5xx, 2u);
}

TEST_F(OutlierDetectorTest, TenPercentProtectsPoolsBelowTenHosts) {
  for (const std::size_t hosts : {9u, 10u}) {
    cluster_ = MakeCluster(hosts);
    policy().consecutive_5xx = 3;
    EXPECT_EQ(EjectsAt(3, Answered(500)), hosts == 10) << hosts;
  }
}

TEST_F(OutlierDetectorTest, AnOnlyHostIsEjectedAtAHundredPercentAndNotBelow) {
  for (const std::uint32_t percent : {50u, 99u, 100u}) {
    cluster_ = MakeCluster(1);
    policy().consecutive_5xx = 3;
    policy().max_ejection_percent = percent;
    EXPECT_EQ(EjectsAt(3, Answered(500)), percent == 100) << percent;
  }
}

TEST_F(OutlierDetectorTest, TheCountStartsAgainWhenTheLimitForbidsTheEjection) {
  policy().max_ejection_percent = 1;
  EXPECT_FALSE(EjectsAt(3, Answered(500)));
  EXPECT_EQ(host(0).outlier.consecutive_5xx, 0u);

  policy().max_ejection_percent = 100;

  EXPECT_TRUE(EjectsAt(3, Answered(500)));
}

TEST_F(OutlierDetectorTest, AThresholdThatWasLoweredCatchesARunThatIsBeyondIt) {
  policy().consecutive_5xx = 10;
  for (int i = 0; i < 5; ++i) Report(Answered(500));

  policy().consecutive_5xx = 3;  // a new configuration; the live numbers stay

  EXPECT_TRUE(Report(Answered(500)));
}

}  // namespace
}  // namespace sluice::core

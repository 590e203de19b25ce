#include "core/upstream/retry_state.h"

#include <gtest/gtest.h>

#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {
namespace {

using Kind = RetryVerdict::Kind;

Outcome Answer(std::uint16_t status) {
  Outcome outcome;
  outcome.status = status;
  outcome.request_byte_sent = true;
  return outcome;
}

class RetryStateTest : public testing::Test {
 protected:
  RetryStateTest() { policy_.on = static_cast<std::uint32_t>(RetryOn::k5xx); }

  Cluster cluster_ = MakeCluster(3);
  ClusterState::Counters& counters_ = cluster_.state->counters;
  RetryPolicy policy_;
  Random random_{5};
};

TEST_F(RetryStateTest, AttemptsAreExtraTries) {
  RetryState retries(policy_, cluster_);

  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kLimitExceeded);

  EXPECT_EQ(retries.retries_made(), 2u);
  EXPECT_EQ(counters_.upstream_rq_retry, 2u);
  EXPECT_EQ(counters_.upstream_rq_retry_limit_exceeded, 1u);
  EXPECT_EQ(counters_.upstream_rq_retry_backoff_exponential, 2u);
}

TEST_F(RetryStateTest, ZeroAttemptsSwitchRetriesOffWithoutAFlag) {
  policy_.attempts = 0;
  RetryState retries(policy_, cluster_);

  EXPECT_FALSE(retries.possible());
  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kNo);
  EXPECT_EQ(counters_.upstream_rq_retry_limit_exceeded, 0u);
}

TEST_F(RetryStateTest, AGoodAnswerAfterARetryIsARetrySuccess) {
  RetryState retries(policy_, cluster_);
  retries.Decide(Answer(503), random_);

  EXPECT_EQ(retries.Decide(Answer(200), random_).kind, Kind::kNo);

  EXPECT_EQ(counters_.upstream_rq_retry_success, 1u);
  EXPECT_EQ(cluster_.state->retries.in_use(), 0u);
}

TEST_F(RetryStateTest, PausesAreFullJitterWithGrowingBounds) {
  policy_.attempts = 5;
  for (int round = 0; round < 200; ++round) {
    RetryState retries(policy_, cluster_);
    for (const int bound : {25, 50, 100, 200, 250}) {
      const RetryVerdict verdict = retries.Decide(Answer(503), random_);
      ASSERT_EQ(verdict.kind, Kind::kRetryAfter);
      ASSERT_GE(verdict.delay, Duration::zero());
      ASSERT_LT(verdict.delay, Milliseconds(bound));
    }
  }
}

TEST_F(RetryStateTest, TooEarlyIsTriedAgainAtOnce) {
  policy_.on = static_cast<std::uint32_t>(RetryOn::kRetriableStatusCodes);
  policy_.status_codes = {425};
  for (int round = 0; round < 50; ++round) {
    RetryState retries(policy_, cluster_);
    EXPECT_EQ(retries.Decide(Answer(425), random_).delay, Duration::zero());
  }

  EXPECT_EQ(counters_.upstream_rq_retry_backoff_exponential, 0u);
}

TEST_F(RetryStateTest, MaxRetriesCountsRetriesPendingOrInFlight) {
  cluster_.pool.max_retries = 1;
  RetryState first(policy_, cluster_);
  RetryState second(policy_, cluster_);

  EXPECT_EQ(first.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
  EXPECT_EQ(second.Decide(Answer(503), random_).kind, Kind::kOverflow);
  EXPECT_EQ(cluster_.state->retries.in_use(), 1u);
  EXPECT_EQ(first.Decide(Answer(200), random_).kind, Kind::kNo);
  RetryState third(policy_, cluster_);

  EXPECT_EQ(third.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
  EXPECT_EQ(counters_.upstream_rq_retry_overflow, 1u);
}

TEST_F(RetryStateTest, TheOwnPermitDoesNotStandInTheWayOfTheNextRetry) {
  cluster_.pool.max_retries = 1;
  RetryState retries(policy_, cluster_);

  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kRetryAfter);
}

TEST_F(RetryStateTest, AnExchangeThatEndsGivesItsPermitBack) {
  {
    RetryState retries(policy_, cluster_);
    retries.Decide(Answer(503), random_);
    ASSERT_EQ(cluster_.state->retries.in_use(), 1u);
  }

  EXPECT_EQ(cluster_.state->retries.in_use(), 0u);
}

TEST_F(RetryStateTest, ABudgetReplacesMaxRetries) {
  cluster_.pool.max_retries = 0;
  cluster_.retry_budget = RetryBudgetPolicy{20, 3};
  EXPECT_EQ(RetryLimit(cluster_), 3u) << "the floor";

  for (int i = 0; i < 80; ++i) cluster_.state->requests.Acquire();
  for (int i = 0; i < 20; ++i) cluster_.state->pending.Acquire();

  EXPECT_EQ(RetryLimit(cluster_), 20u) << "20 % of active and pending";
}

TEST_F(RetryStateTest, WithoutABudgetTheLimitIsMaxRetries) {
  EXPECT_EQ(RetryLimit(cluster_), ConnectionPoolPolicy::kUnlimited);
  cluster_.pool.max_retries = 7;
  EXPECT_EQ(RetryLimit(cluster_), 7u);
}

TEST_F(RetryStateTest, ABodyTooBigToReplayEndsRetriesSilently) {
  RetryState retries(policy_, cluster_);

  retries.Abandon();
  retries.Abandon();

  EXPECT_FALSE(retries.possible());
  EXPECT_EQ(retries.Decide(Answer(503), random_).kind, Kind::kNo) << "no URX";
  EXPECT_EQ(counters_.retry_or_shadow_abandoned, 1u);
}

TEST_F(RetryStateTest, RemembersTheHostsTried) {
  RetryState retries(policy_, cluster_);

  retries.Remember(cluster_.endpoints[2]);
  retries.Remember(cluster_.endpoints[0]);

  ASSERT_EQ(retries.tried().size(), 2u);
  EXPECT_EQ(retries.tried()[0], &cluster_.endpoints[2]);
  EXPECT_EQ(retries.tried()[1], &cluster_.endpoints[0]);
}

TEST_F(RetryStateTest, KeepsTheLatestHostsWhenThereAreMany) {
  RetryState retries(policy_, cluster_);

  for (std::size_t i = 0; i < RetryState::kTriedMax; ++i) retries.Remember(cluster_.endpoints[0]);
  retries.Remember(cluster_.endpoints[1]);

  EXPECT_EQ(retries.tried().size(), RetryState::kTriedMax);
  EXPECT_EQ(retries.tried()[0], &cluster_.endpoints[1]);
}

TEST_F(RetryStateTest, APolicyWithoutAvoidanceRemembersNobody) {
  policy_.avoid_previous_hosts = false;
  RetryState retries(policy_, cluster_);

  retries.Remember(cluster_.endpoints[0]);

  EXPECT_TRUE(retries.tried().empty());
}

}  // namespace
}  // namespace sluice::core

#include "core/resilience/outcome.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(Outcome, ClassesFollowTheStatus) {
  Outcome outcome;
  outcome.status = 503;
  EXPECT_TRUE(outcome.Is5xx());
  EXPECT_TRUE(outcome.IsGatewayError());
  outcome.status = 501;
  EXPECT_TRUE(outcome.Is5xx());
  EXPECT_FALSE(outcome.IsGatewayError());
  outcome.status = 404;
  EXPECT_FALSE(outcome.Is5xx());
}

TEST(Outcome, ConnectFailureAndConnectTimeoutAreOneClass) {
  Outcome outcome;
  EXPECT_FALSE(outcome.IsConnectFailure());
  outcome.reset = ResetReason::kConnectFailure;
  EXPECT_TRUE(outcome.IsConnectFailure());
  outcome.reset = ResetReason::kConnectTimeout;
  EXPECT_TRUE(outcome.IsConnectFailure());
  outcome.reset = ResetReason::kConnectionReset;
  EXPECT_FALSE(outcome.IsConnectFailure());
}

TEST(Outcome, OurOwnDoingIsNoUpstreamReset) {
  Outcome outcome;
  EXPECT_FALSE(outcome.IsUpstreamReset());
  outcome.reset = ResetReason::kOverflow;
  EXPECT_FALSE(outcome.IsUpstreamReset());
  outcome.reset = ResetReason::kCancelled;
  EXPECT_FALSE(outcome.IsUpstreamReset());
  outcome.reset = ResetReason::kRemoteReset;
  EXPECT_TRUE(outcome.IsUpstreamReset());
}

}  // namespace
}  // namespace sluice::core

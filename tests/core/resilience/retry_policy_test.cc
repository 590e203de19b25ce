#include "core/resilience/retry_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

RetryPolicy PolicyOn(std::string_view tokens) {
  RetryPolicy policy;
  const Status parsed = ParseRetryOn(tokens, policy);
  EXPECT_TRUE(parsed.has_value()) << tokens;
  return policy;
}

Outcome Answer(int status) {
  Outcome outcome;
  outcome.status = static_cast<std::uint16_t>(status);
  outcome.request_byte_sent = true;
  return outcome;
}

Outcome GrpcAnswer(std::int32_t grpc_status) {
  Outcome outcome = Answer(200);
  outcome.grpc_status = grpc_status;
  return outcome;
}

Outcome ResetBy(ResetReason reason, bool request_byte_sent = true) {
  Outcome outcome;
  outcome.reset = reason;
  outcome.request_byte_sent = request_byte_sent;
  return outcome;
}

const std::vector<ResetReason> kUpstreamResets = {ResetReason::kConnectFailure,   ResetReason::kConnectTimeout,
                                                  ResetReason::kConnectionClosed, ResetReason::kConnectionReset,
                                                  ResetReason::kRemoteReset,      ResetReason::kRefused,
                                                  ResetReason::kProtocolError,    ResetReason::kTimeout};
const std::vector<ResetReason> kOwnResets = {ResetReason::kOverflow,  ResetReason::kNoHealthyUpstream,
                                             ResetReason::kCancelled, ResetReason::kStreamIdle,
                                             ResetReason::kDrain,     ResetReason::kInternal};

constexpr std::string_view kEveryToken =
    "5xx,gateway-error,reset,reset-before-request,connect-failure,refused-stream,envoy-ratelimited,"
    "retriable-4xx,retriable-status-codes,retriable-headers,http3-post-connect-failure,cancelled,"
    "deadline-exceeded,internal,resource-exhausted,unavailable";

TEST(RetryPolicy, DefaultsAreTwoTriesOnWhatWasSurelyNotProcessed) {
  const RetryPolicy policy;

  EXPECT_EQ(policy.attempts, 2u);
  EXPECT_EQ(policy.on, PolicyOn("connect-failure,refused-stream,unavailable,cancelled").on);
  EXPECT_EQ(policy.backoff_base, Milliseconds(25));
  EXPECT_TRUE(policy.avoid_previous_hosts);
  EXPECT_FALSE(ShouldRetry(policy, Answer(503)));
}

TEST(ParseRetryOn, KnowsEveryToken) { EXPECT_EQ(PolicyOn(kEveryToken).on, 0xffffu); }

TEST(ParseRetryOn, NumbersBecomeAStatusListAndAddRetriableStatusCodes) {
  const RetryPolicy policy = PolicyOn("reset,503,429,503");

  EXPECT_TRUE(policy.Has(RetryOn::kReset));
  EXPECT_TRUE(policy.Has(RetryOn::kRetriableStatusCodes));
  EXPECT_EQ(policy.status_codes, (std::vector<std::uint16_t>{503, 429}));
}

TEST(ParseRetryOn, RefusesBlanksUnknownTokensAndStrangeNumbers) {
  struct Case {
    std::string_view list;
    std::string_view in_text;
  };
  for (const Case& bad : std::vector<Case>{{"5xx, reset", "blanks"},
                                           {" 5xx", "blanks"},
                                           {"", "empty"},
                                           {"5xx,", "empty"},
                                           {"5xx,,reset", "empty"},
                                           {"gateway-eror", "did you mean \"gateway-error\""},
                                           {"5XX", "did you mean \"5xx\""},
                                           {"conect-failure", "did you mean \"connect-failure\""},
                                           {"bananas-and-more", "known tokens: 5xx, gateway-error"},
                                           {"999", "not an HTTP status"},
                                           {"42", "not an HTTP status"},
                                           {"-503", "unknown"}}) {
    RetryPolicy policy;
    policy.on = 7;
    const Status parsed = ParseRetryOn(bad.list, policy);
    ASSERT_FALSE(parsed.has_value()) << bad.list;
    EXPECT_NE(parsed.error().Text().find(bad.in_text), std::string::npos) << parsed.error().Text();
    EXPECT_EQ(policy.on, 7u) << "a refused list changes nothing";
  }
}

TEST(FormatRetryOn, SaysWhatWasParsed) {
  for (const std::string_view list : {"", "5xx", "gateway-error,connect-failure,retriable-4xx", "reset,503,504"}) {
    RetryPolicy policy;
    policy.on = 0;
    if (!list.empty()) {
      ASSERT_TRUE(ParseRetryOn(list, policy));
    }
    EXPECT_EQ(FormatRetryOn(policy), list);
  }
}

TEST(ShouldRetry, Token5xxCoversEvery5xxAndEveryReset) {
  const RetryPolicy policy = PolicyOn("5xx");

  for (const int status : {500, 501, 502, 503, 504, 599}) {
    EXPECT_TRUE(ShouldRetry(policy, Answer(status))) << status;
  }
  for (const int status : {200, 404, 409, 429, 499, 600}) {
    EXPECT_FALSE(ShouldRetry(policy, Answer(status))) << status;
  }
  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_TRUE(ShouldRetry(policy, ResetBy(reason))) << ResetReasonText(reason);
  }
}

TEST(ShouldRetry, GatewayErrorCovers502To504AndEveryReset) {
  const RetryPolicy policy = PolicyOn("gateway-error");

  for (const int status : {502, 503, 504}) EXPECT_TRUE(ShouldRetry(policy, Answer(status)));
  for (const int status : {500, 501, 505}) EXPECT_FALSE(ShouldRetry(policy, Answer(status)));
  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_TRUE(ShouldRetry(policy, ResetBy(reason))) << ResetReasonText(reason);
  }
}

TEST(ShouldRetry, ResetCoversEveryResetButNoStatus) {
  const RetryPolicy policy = PolicyOn("reset");

  for (const ResetReason reason : kUpstreamResets) EXPECT_TRUE(ShouldRetry(policy, ResetBy(reason)));
  EXPECT_FALSE(ShouldRetry(policy, Answer(503)));
}

TEST(ShouldRetry, ResetBeforeRequestWantsThatNoByteWasSent) {
  const RetryPolicy policy = PolicyOn("reset-before-request");

  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_TRUE(ShouldRetry(policy, ResetBy(reason, false)));
    EXPECT_FALSE(ShouldRetry(policy, ResetBy(reason, true)));
  }
}

TEST(ShouldRetry, ConnectFailureDoesNotCoverResetsOfEstablishedStreams) {
  const RetryPolicy policy = PolicyOn("connect-failure");

  EXPECT_TRUE(ShouldRetry(policy, ResetBy(ResetReason::kConnectFailure)));
  EXPECT_TRUE(ShouldRetry(policy, ResetBy(ResetReason::kConnectTimeout)));
  for (const ResetReason reason : kUpstreamResets) {
    if (reason == ResetReason::kConnectFailure || reason == ResetReason::kConnectTimeout) continue;
    EXPECT_FALSE(ShouldRetry(policy, ResetBy(reason))) << ResetReasonText(reason);
  }
}

TEST(ShouldRetry, RefusedStreamCoversRefusalsOnly) {
  const RetryPolicy policy = PolicyOn("refused-stream");

  for (const ResetReason reason : kUpstreamResets) {
    EXPECT_EQ(ShouldRetry(policy, ResetBy(reason)), reason == ResetReason::kRefused);
  }
}

TEST(ShouldRetry, Retriable4xxMeans409) {
  const RetryPolicy policy = PolicyOn("retriable-4xx");

  EXPECT_TRUE(ShouldRetry(policy, Answer(409)));
  EXPECT_FALSE(ShouldRetry(policy, Answer(408)));
  EXPECT_FALSE(ShouldRetry(policy, Answer(429)));
}

TEST(ShouldRetry, ANumberMatchesRealAnswersNotResetsThatWouldBecomeA503) {
  const RetryPolicy policy = PolicyOn("503");

  EXPECT_TRUE(ShouldRetry(policy, Answer(503)));
  EXPECT_FALSE(ShouldRetry(policy, Answer(502)));
  for (const ResetReason reason : kUpstreamResets) EXPECT_FALSE(ShouldRetry(policy, ResetBy(reason)));
}

TEST(ShouldRetry, TokensWithoutEffectDoNothing) {
  const RetryPolicy policy = PolicyOn("retriable-headers,http3-post-connect-failure");

  EXPECT_FALSE(ShouldRetry(policy, Answer(503)));
  EXPECT_FALSE(ShouldRetry(policy, ResetBy(ResetReason::kConnectFailure)));
}

TEST(ShouldRetry, GrpcTokensLookAtTheStatusInTheHead) {
  const std::vector<std::pair<std::string_view, std::int32_t>> tokens = {
      {"cancelled", 1}, {"deadline-exceeded", 4}, {"resource-exhausted", 8}, {"internal", 13}, {"unavailable", 14}};
  for (const auto& [token, own_status] : tokens) {
    const RetryPolicy policy = PolicyOn(token);
    for (std::int32_t status = -1; status <= 17; ++status) {
      EXPECT_EQ(ShouldRetry(policy, GrpcAnswer(status)), status == own_status) << token << status;
    }
  }
}

TEST(ShouldRetry, ARatelimitedAnswerCountsForEnvoyRatelimitedOnly) {
  Outcome limited = Answer(503);
  limited.ratelimited = true;

  EXPECT_FALSE(ShouldRetry(PolicyOn("5xx,gateway-error,503"), limited));
  EXPECT_TRUE(ShouldRetry(PolicyOn("envoy-ratelimited"), limited));
  EXPECT_FALSE(ShouldRetry(PolicyOn("envoy-ratelimited"), Answer(429)));
}

TEST(ShouldRetry, APerTryTimeoutNeedsATokenForResets) {
  const Outcome timed_out = ResetBy(ResetReason::kTimeout);

  EXPECT_FALSE(ShouldRetry(RetryPolicy(), timed_out));
  EXPECT_FALSE(ShouldRetry(PolicyOn("504,connect-failure,deadline-exceeded"), timed_out));
  EXPECT_TRUE(ShouldRetry(PolicyOn("gateway-error"), timed_out));
}

TEST(ShouldRetry, WhatWeDidOurselvesIsNeverRetried) {
  const RetryPolicy policy = PolicyOn(kEveryToken);

  for (const ResetReason reason : kOwnResets) {
    EXPECT_FALSE(ShouldRetry(policy, ResetBy(reason, false))) << ResetReasonText(reason);
  }
}

TEST(ShouldRetry, NothingIsRetriedOnceTheAnswerHasBegun) {
  const RetryPolicy policy = PolicyOn(kEveryToken);
  Outcome broken = ResetBy(ResetReason::kConnectionClosed);
  broken.status = 200;
  broken.response_started = true;
  Outcome unavailable = Answer(503);
  unavailable.response_started = true;

  EXPECT_FALSE(ShouldRetry(policy, broken));
  EXPECT_FALSE(ShouldRetry(policy, unavailable));
}

TEST(RetriesAtOnce, OnlyTooEarlyWhenListed) {
  EXPECT_TRUE(RetriesAtOnce(PolicyOn("425"), Answer(425)));
  EXPECT_FALSE(RetriesAtOnce(PolicyOn("503"), Answer(425)));
  EXPECT_FALSE(RetriesAtOnce(PolicyOn("425,503"), Answer(503)));
}

}  // namespace
}  // namespace sluice::core

#include "core/route/cors.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::core {
namespace {

CorsPolicy Policy() {
  CorsPolicy policy;
  policy.allow_origins = {StringMatch::Exact("https://app.example"), StringMatch::Prefix("https://dev.")};
  policy.allow_methods = "GET,POST";
  policy.allow_headers = "x-user-id";
  policy.expose_headers = "x-model";
  policy.max_age = std::chrono::hours(24);
  policy.allow_credentials = true;
  return policy;
}

class Cors : public testing::Test {
 protected:
  CorsVerdict Ask(const CorsPolicy& policy, std::string_view method, std::string_view origin, bool asks_method) {
    request_.method = method;
    if (!origin.empty()) request_.headers.Set(HeaderName::kOrigin, origin);
    if (asks_method) request_.headers.Set(HeaderName::kAccessControlRequestMethod, "GET");
    return CheckCors(policy, request_);
  }

  Arena arena_;
  Head request_{arena_};
  Head response_{arena_};
};

TEST_F(Cors, RequestsWithoutOriginAreLeftAlone) { EXPECT_EQ(Ask(Policy(), "OPTIONS", "", true), CorsVerdict::kNone); }

TEST_F(Cors, AllowedOriginsGetFields) {
  EXPECT_EQ(Ask(Policy(), "GET", "https://app.example", false), CorsVerdict::kAllowed);
  EXPECT_EQ(Ask(Policy(), "GET", "https://dev.app", false), CorsVerdict::kAllowed);
  EXPECT_EQ(Ask(Policy(), "GET", "https://evil.example", false), CorsVerdict::kNone);
}

TEST_F(Cors, AStarAllowsEveryOrigin) {
  CorsPolicy policy;
  policy.allow_origins = {StringMatch::Exact("*")};

  EXPECT_EQ(Ask(policy, "GET", "https://anyone.example", false), CorsVerdict::kAllowed);
}

TEST_F(Cors, OptionsIsAPreflightOnlyWithARequestedMethod) {
  EXPECT_EQ(Ask(Policy(), "OPTIONS", "https://app.example", false), CorsVerdict::kAllowed);
  EXPECT_EQ(Ask(Policy(), "OPTIONS", "https://app.example", true), CorsVerdict::kPreflight);
  EXPECT_EQ(Ask(Policy(), "GET", "https://app.example", true), CorsVerdict::kAllowed);
}

TEST_F(Cors, UnmatchedPreflightsAreForwardedUnlessIgnored) {
  CorsPolicy ignoring = Policy();
  ignoring.forward_unmatched_preflights = false;

  EXPECT_EQ(Ask(Policy(), "OPTIONS", "https://evil.example", true), CorsVerdict::kNone);
  EXPECT_EQ(Ask(ignoring, "OPTIONS", "https://evil.example", true), CorsVerdict::kPreflightIgnored);
}

TEST_F(Cors, APreflightIsToldWhatIsAllowed) {
  const CorsPolicy policy = Policy();
  Ask(policy, "OPTIONS", "https://app.example", true);

  AddCorsHeaders(policy, request_, true, response_, arena_);

  EXPECT_EQ(response_.headers.Find("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(response_.headers.Find("access-control-allow-methods"), "GET,POST");
  EXPECT_EQ(response_.headers.Find("access-control-allow-headers"), "x-user-id");
  EXPECT_EQ(response_.headers.Find("access-control-max-age"), "86400");
  EXPECT_EQ(response_.headers.Find("access-control-allow-credentials"), "true");
  EXPECT_FALSE(response_.headers.Find("access-control-expose-headers"));
}

TEST_F(Cors, AnActualResponseReplacesTheUpstreamsOrigin) {
  const CorsPolicy policy = Policy();
  Ask(policy, "GET", "https://app.example", false);
  response_.headers.AddCopy("access-control-allow-origin", "*");

  AddCorsHeaders(policy, request_, false, response_, arena_);

  EXPECT_EQ(response_.headers.Count(HeaderName::kAccessControlAllowOrigin), 1u);
  EXPECT_EQ(response_.headers.Find("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(response_.headers.Find("access-control-expose-headers"), "x-model");
  EXPECT_FALSE(response_.headers.Find("access-control-allow-methods"));
  EXPECT_FALSE(response_.headers.Find("access-control-max-age"));
}

}  // namespace
}  // namespace sluice::core

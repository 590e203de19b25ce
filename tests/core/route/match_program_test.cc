#include "core/route/match_program.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::core {
namespace {

// One request against a single match item.
class MatchProgramTest : public testing::Test {
 protected:
  MatchProgramTest() {
    request_.method = "GET";
    request_.scheme = "http";
    request_.authority = "Ranking.svc:8080";
    request_.path = "/v1/rank?u=1";
  }

  bool Matches(RouteMatch match) {
    std::vector<Route> routes(1);
    routes[0].id = RouteId{0};
    routes[0].matches.push_back(std::move(match));
    const std::vector<RouteId> order = {RouteId{0}};
    const MatchProgram program(order, routes);
    return static_cast<bool>(program.Run({&request_, path_, query_, 8080}, routes, arena_));
  }
  bool MatchesHeader(std::string name, StringMatch matcher) {
    RouteMatch match;
    match.headers.push_back({std::move(name), HeaderName::kOther, std::move(matcher)});
    return Matches(std::move(match));
  }
  bool MatchesWithout(std::string name, StringMatch matcher) {
    RouteMatch match;
    match.without_headers.push_back({std::move(name), HeaderName::kOther, std::move(matcher)});
    return Matches(std::move(match));
  }
  bool MatchesQuery(std::string name, StringMatch matcher) {
    RouteMatch match;
    match.query.push_back({std::move(name), std::move(matcher)});
    return Matches(std::move(match));
  }
  bool MatchesUri(StringMatch matcher) {
    RouteMatch match;
    match.uri = std::move(matcher);
    return Matches(std::move(match));
  }

  Arena arena_;
  Head request_{arena_};
  std::string_view path_ = "/v1/rank";
  std::string_view query_ = "u=1";
};

TEST_F(MatchProgramTest, AnEmptyItemMatchesEverything) { EXPECT_TRUE(Matches({})); }

TEST_F(MatchProgramTest, UriIsThePathWithoutQuery) {
  EXPECT_TRUE(MatchesUri(StringMatch::Exact("/v1/rank")));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/v1/rank?u=1")));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/v1/rankX")));
  EXPECT_TRUE(MatchesUri(StringMatch::Prefix("/v1/ra")));
  EXPECT_TRUE(MatchesUri(StringMatch::Prefix("")));
  EXPECT_FALSE(MatchesUri(StringMatch::Prefix("/v1/rank/")));
  EXPECT_TRUE(MatchesUri(*StringMatch::Regex("/v[0-9]/.*")));
  EXPECT_FALSE(MatchesUri(*StringMatch::Regex("/v[0-9]")));
}

TEST_F(MatchProgramTest, IgnoringCaseAppliesToExactAndPrefix) {
  EXPECT_TRUE(MatchesUri(StringMatch::Exact("/V1/Rank", true)));
  EXPECT_TRUE(MatchesUri(StringMatch::Prefix("/V1/", true)));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/V2/Rank", true)));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/V1/Rank")));
  // '/' and 0x0f differ in the case bit only: the packed check alone must not decide.
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("\x0fv1/rank", true)));
}

TEST_F(MatchProgramTest, LongTextsAreComparedToTheEnd) {
  path_ = "/v1/models/content-ranking:predict";

  EXPECT_TRUE(MatchesUri(StringMatch::Exact("/v1/models/content-ranking:predict")));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/v1/models/content-runking:predict")));
  EXPECT_FALSE(MatchesUri(StringMatch::Exact("/v2/models/content-ranking:predict")));
  EXPECT_TRUE(MatchesUri(StringMatch::Prefix("/v1/models/content-")));
  EXPECT_FALSE(MatchesUri(StringMatch::Prefix("/v1/modelz/content-")));
}

TEST_F(MatchProgramTest, MethodSchemeAuthorityAndPort) {
  RouteMatch match;
  match.method = StringMatch::Exact("GET");
  match.scheme = StringMatch::Exact("http");
  match.authority = StringMatch::Exact("Ranking.svc:8080");
  match.port = 8080;
  EXPECT_TRUE(Matches(match));

  RouteMatch other_port = match;
  other_port.port = 8081;
  EXPECT_FALSE(Matches(other_port));
  RouteMatch folded = match;
  folded.authority = StringMatch::Exact("ranking.svc:8080");  // case-sensitive, port as sent
  EXPECT_FALSE(Matches(folded));
  RouteMatch other_method = match;
  other_method.method = StringMatch::Exact("get");
  EXPECT_FALSE(Matches(other_method));
  RouteMatch other_scheme = match;
  other_scheme.scheme = StringMatch::Prefix("https");
  EXPECT_FALSE(Matches(other_scheme));
}

TEST_F(MatchProgramTest, AMissingHeaderNeverMatches) {
  EXPECT_FALSE(MatchesHeader("x-a", StringMatch::Present()));
  EXPECT_FALSE(MatchesHeader("x-a", StringMatch::Exact("")));
  EXPECT_FALSE(MatchesHeader("x-a", StringMatch::Prefix("")));
  EXPECT_FALSE(MatchesHeader("x-a", *StringMatch::Regex(".*")));
  EXPECT_FALSE(MatchesHeader("user-agent", StringMatch::Present()));
}

TEST_F(MatchProgramTest, AnEmptyHeaderIsPresent) {
  request_.headers.AddCopy("x-a", "");

  EXPECT_TRUE(MatchesHeader("x-a", StringMatch::Present()));
  EXPECT_TRUE(MatchesHeader("x-a", StringMatch::Exact("")));
  EXPECT_TRUE(MatchesHeader("x-a", *StringMatch::Regex(".*")));
  EXPECT_FALSE(MatchesHeader("x-a", StringMatch::Exact("b")));
}

TEST_F(MatchProgramTest, RepeatedHeadersAreJoinedFirst) {
  request_.headers.AddCopy("x-a", "one");
  request_.headers.AddCopy("x-b", "between");
  request_.headers.AddCopy("x-a", "two");
  request_.headers.AddCopy("x-a", "three");

  EXPECT_TRUE(MatchesHeader("x-a", StringMatch::Exact("one,two,three")));
  EXPECT_FALSE(MatchesHeader("x-a", StringMatch::Exact("one")));
  EXPECT_TRUE(MatchesHeader("x-a", StringMatch::Prefix("one,")));
}

TEST_F(MatchProgramTest, KnownHeaderNamesWorkLikeOthers) {
  request_.headers.AddCopy("User-Agent", "curl/8");

  EXPECT_TRUE(MatchesHeader("user-agent", StringMatch::Prefix("curl/")));
  EXPECT_FALSE(MatchesHeader("user-agent", StringMatch::Exact("curl/9")));
}

TEST_F(MatchProgramTest, PseudoHeadersAreUnderstood) {
  EXPECT_TRUE(MatchesHeader(":method", StringMatch::Exact("GET")));
  EXPECT_TRUE(MatchesHeader(":scheme", StringMatch::Exact("http")));
  EXPECT_TRUE(MatchesHeader(":path", StringMatch::Exact("/v1/rank?u=1")));
  EXPECT_TRUE(MatchesHeader(":authority", StringMatch::Prefix("Ranking.svc")));
  EXPECT_TRUE(MatchesHeader("host", StringMatch::Prefix("Ranking.svc")));
  EXPECT_FALSE(MatchesHeader(":other", StringMatch::Present()));
}

TEST_F(MatchProgramTest, KeysThatIstioReservesAreIgnored) {
  EXPECT_TRUE(MatchesHeader("uri", StringMatch::Exact("whatever")));
  EXPECT_TRUE(MatchesHeader("method", StringMatch::Exact("whatever")));
  EXPECT_TRUE(MatchesWithout("authority", StringMatch::Exact("")));
}

TEST_F(MatchProgramTest, WithoutHeadersTreatsMissingAsEmpty) {
  EXPECT_TRUE(MatchesWithout("x-a", StringMatch::Present()));
  EXPECT_TRUE(MatchesWithout("x-a", StringMatch::Exact("v")));
  EXPECT_FALSE(MatchesWithout("x-a", StringMatch::Exact("")));
  EXPECT_FALSE(MatchesWithout("x-a", *StringMatch::Regex(".*")));
  EXPECT_TRUE(MatchesWithout("x-a", *StringMatch::Regex(".+")));
}

TEST_F(MatchProgramTest, WithoutHeadersRefusesWhatItNames) {
  request_.headers.AddCopy("x-a", "v");

  EXPECT_FALSE(MatchesWithout("x-a", StringMatch::Present()));
  EXPECT_FALSE(MatchesWithout("x-a", StringMatch::Exact("v")));
  EXPECT_TRUE(MatchesWithout("x-a", StringMatch::Exact("w")));
}

TEST_F(MatchProgramTest, QueryParametersUseTheFirstRawValue) {
  query_ = "a=1&b=x%20y&a=2&flag";

  EXPECT_TRUE(MatchesQuery("a", StringMatch::Exact("1")));
  EXPECT_FALSE(MatchesQuery("a", StringMatch::Exact("2")));
  EXPECT_TRUE(MatchesQuery("b", StringMatch::Exact("x%20y")));
  EXPECT_TRUE(MatchesQuery("flag", StringMatch::Exact("")));
  EXPECT_TRUE(MatchesQuery("flag", StringMatch::Present()));
  EXPECT_FALSE(MatchesQuery("A", StringMatch::Present()));
  EXPECT_FALSE(MatchesQuery("c", *StringMatch::Regex(".*")));
}

TEST_F(MatchProgramTest, EveryConditionOfAnItemMustHold) {
  request_.headers.AddCopy("x-a", "1");
  RouteMatch match;
  match.uri = StringMatch::Prefix("/v1");
  match.headers.push_back({"x-a", HeaderName::kOther, StringMatch::Exact("1")});
  EXPECT_TRUE(Matches(match));

  match.headers.push_back({"x-b", HeaderName::kOther, StringMatch::Present()});
  EXPECT_FALSE(Matches(match));
}

}  // namespace
}  // namespace sluice::core

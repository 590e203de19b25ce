// Requests that meet and break conditions.
#include "core/analysis/request_space.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

using Verdict = FoundText::Verdict;

class RequestSpaceTest : public testing::Test {
 protected:
  RequestSpaceTest() { bounds_.authority = "ranking"; }

  FoundRequest Find(const RouteMatch& match, bool holds = true) {
    const std::vector<Condition> conditions = *space_.ConditionsOf(match);
    std::vector<Literal> literals;
    for (const Condition& condition : conditions) literals.push_back({condition, holds});
    return space_.Find(literals, bounds_);
  }

  RequestSpace space_;
  RequestBounds bounds_;
  RouteMatch match_;
};

HeaderPredicate Header(std::string name, StringMatch match) {
  HeaderPredicate header;
  header.name = std::move(name);
  header.match = std::move(match);
  return header;
}

TEST_F(RequestSpaceTest, NoConditionIsThePlainestRequest) {
  const FoundRequest found = Find(match_);

  EXPECT_EQ(found.verdict, Verdict::kFound);
  EXPECT_EQ(found.request.method, "GET");
  EXPECT_EQ(found.request.target, "/");
  EXPECT_EQ(found.request.authority, "ranking");
  EXPECT_TRUE(found.request.headers.empty());
}

TEST_F(RequestSpaceTest, EveryPropertyFindsItsPlace) {
  match_.uri = StringMatch::Prefix("/v1");
  match_.method = StringMatch::Exact("PUT");
  match_.scheme = StringMatch::Exact("https");
  match_.headers.push_back(Header("x-a", *StringMatch::Regex("b+c")));
  match_.query.push_back({"q", StringMatch::Present()});

  const SampleRequest request = Find(match_).request;

  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.target, "/v1?q=1");
  EXPECT_EQ(request.headers, (std::vector<std::pair<std::string, std::string>>{{"x-a", "bc"}}));
}

TEST_F(RequestSpaceTest, AHeaderThatMustNotMatchIsLeftOut) {
  match_.headers.push_back(Header("x-a", StringMatch::Exact("b")));

  EXPECT_TRUE(Find(match_, false).request.headers.empty());
}

TEST_F(RequestSpaceTest, WithoutHeadersTakeAMissingOneForTheEmptyText) {
  match_.without_headers.push_back(Header("x-a", *StringMatch::Regex(".*")));
  EXPECT_EQ(Find(match_).verdict, Verdict::kNone);

  match_.without_headers[0].match = StringMatch::Present();
  EXPECT_EQ(Find(match_).verdict, Verdict::kFound);
  EXPECT_EQ(Find(match_, false).request.headers.size(), 1U);
}

TEST_F(RequestSpaceTest, APathBeginsWithASlash) {
  match_.uri = *StringMatch::Regex("[a-z]+");

  EXPECT_EQ(Find(match_).verdict, Verdict::kNone);
}

TEST_F(RequestSpaceTest, PortsAreThoseOfThePlace) {
  match_.port = 9000;
  bounds_.ports = {8080};
  EXPECT_EQ(Find(match_).verdict, Verdict::kNone);

  bounds_.ports = {0, 9000};
  EXPECT_EQ(Find(match_).request.listener_port, 9000);
}

TEST_F(RequestSpaceTest, PseudoHeadersAreTheirProperties) {
  match_.headers.push_back(Header(":method", StringMatch::Exact("POST")));
  EXPECT_EQ(Find(match_).request.method, "POST");

  match_.headers.push_back(Header(":path", StringMatch::Prefix("/a?b")));
  EXPECT_FALSE(space_.ConditionsOf(match_).has_value());
}

TEST_F(RequestSpaceTest, AGlanceTellsApartWhatBeginsDifferently) {
  RouteMatch other;
  match_.headers.push_back(Header("x-a", *StringMatch::Regex("^u1-.*")));
  other.headers.push_back(Header("x-a", *StringMatch::Regex("u2-[0-9]+")));
  EXPECT_TRUE(RequestSpace::ClearlyApart(*space_.ConditionsOf(match_), *space_.ConditionsOf(other)));

  other.headers[0].match = *StringMatch::Regex("u1?-.*");
  EXPECT_FALSE(RequestSpace::ClearlyApart(*space_.ConditionsOf(match_), *space_.ConditionsOf(other)));
}

TEST_F(RequestSpaceTest, AGlanceTellsWhatFollows) {
  RouteMatch wide;
  match_.uri = StringMatch::Exact("/v1/rank");
  wide.uri = StringMatch::Prefix("/v1");
  const auto narrow = *space_.ConditionsOf(match_);
  const auto wider = *space_.ConditionsOf(wide);

  EXPECT_TRUE(RequestSpace::ClearlyImplies(narrow, wider[0]));
  EXPECT_FALSE(RequestSpace::ClearlyImplies(wider, narrow[0]));
}

}  // namespace
}  // namespace sluice::core

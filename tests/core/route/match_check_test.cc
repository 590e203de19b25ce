#include "core/route/match_check.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::core {
namespace {

using Field = FailedCondition::Field;

class MatchCheck : public testing::Test {
 protected:
  MatchCheck() {
    head_.method = "POST";
    head_.scheme = "https";
    head_.authority = "ranking.svc";
    head_.path = "/score?u=1";
    head_.headers.AddCopy("x-team", "search");
    head_.headers.AddCopy("x-team", "ads");
  }

  std::optional<FailedCondition> Check(const RouteMatch& match) {
    const RouteInput input{&head_, "/score", "u=1&flag", 8443};
    return FirstFailedCondition(match, input, arena_);
  }
  static HeaderPredicate Header(std::string name, StringMatch match) {
    return {name, LookupHeaderName(name), std::move(match)};
  }

  Arena arena_;
  Head head_{arena_};
};

TEST_F(MatchCheck, AnItemWithoutConditionsHolds) { EXPECT_FALSE(Check({})); }

TEST_F(MatchCheck, AllConditionsMustHold) {
  RouteMatch match;
  match.uri = StringMatch::Prefix("/score");
  match.scheme = StringMatch::Exact("https");
  match.method = StringMatch::Exact("POST");
  match.authority = StringMatch::Exact("ranking.svc");
  match.headers = {Header("x-team", StringMatch::Exact("search,ads")), Header(":path", StringMatch::Prefix("/score"))};
  match.without_headers = {Header("x-bot", StringMatch::Present())};
  match.query = {{"u", StringMatch::Exact("1")}, {"flag", StringMatch::Present()}};
  match.port = 8443;
  EXPECT_FALSE(Check(match));

  match.method = StringMatch::Exact("GET");

  const auto failed = Check(match);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->field, Field::kMethod);
  EXPECT_EQ(failed->saw, "POST");
}

TEST_F(MatchCheck, TheFirstFailureIsTold) {
  RouteMatch match;
  match.headers = {Header("x-team", StringMatch::Present()), Header("x-none", StringMatch::Exact("a"))};
  match.port = 1;

  const auto failed = Check(match);

  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->field, Field::kHeader);
  EXPECT_EQ(failed->name, "x-none");
  EXPECT_EQ(failed->wanted, &match.headers[1].match);
  EXPECT_FALSE(failed->saw);
}

TEST_F(MatchCheck, WhatMustNotBeThereFailsWhenItIs) {
  RouteMatch match;
  match.without_headers = {Header("x-team", StringMatch::Prefix("search"))};

  const auto failed = Check(match);

  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->field, Field::kWithoutHeader);
  EXPECT_EQ(failed->saw, "search,ads");
}

TEST_F(MatchCheck, AnotherPortFails) {
  RouteMatch match;
  match.port = 8080;

  const auto failed = Check(match);

  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->field, Field::kPort);
  EXPECT_EQ(failed->wanted, nullptr);
}

}  // namespace
}  // namespace sluice::core

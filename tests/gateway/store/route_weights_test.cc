#include "gateway/store/route_weights.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

const Versions kVersions{"v45", "v47"};

// "v45=90 v47=10"; "-" stands for a weight that is not written.
Json Rule(const std::string& text) {
  Json route = Json::array();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string one = text.substr(at, end - at);
    const std::size_t sign = one.find('=');
    Json entry = {{"destination", {{"host", "ranking"}, {"subset", one.substr(0, sign)}}}};
    if (one.substr(sign + 1) != "-") entry["weight"] = std::stoull(one.substr(sign + 1));
    route.push_back(std::move(entry));
    at = end + 1;
  }
  return {{"name", "default"}, {"route", std::move(route)}, {"timeout", "200ms"}};
}

std::string Text(const RouteWeights& weights) {
  std::string text;
  for (const RouteShare& share : weights) {
    text += (text.empty() ? "" : " ") + share.destination["subset"].get<std::string>() + '=';
    text += share.weight.is_null() ? "-" : share.weight.dump();
  }
  return text;
}

std::string Stage(const std::string& before, std::uint32_t percent) {
  const auto weights = StageWeights(WeightsOf(Rule(before)), kVersions, percent);
  return weights ? Text(*weights) : weights.error().Text();
}

std::string Adopt(const std::string& before, const std::string& edited) {
  const auto weights = AdoptWeights(WeightsOf(Rule(before)), WeightsOf(Rule(edited)), kVersions);
  return weights ? Text(*weights) : weights.error().Text();
}

TEST(RouteWeights, ARuleIsFoundByNameFirstAndThenByIndex) {
  const Json rules = Json::array({{{"name", "first"}}, Json::object(), {{"name", "1"}}, {{"name", "0x"}}});
  EXPECT_EQ(FindRule(rules, "first").value(), 0u);
  EXPECT_EQ(FindRule(rules, "1").value(), 2u) << "a name wins over an index";
  EXPECT_EQ(FindRule(rules, "#1").value(), 1u);
  EXPECT_EQ(FindRule(rules, "3").value(), 3u);
  const auto unknown = FindRule(rules, "second");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().Text(), "there is no route second; there are first, #1, 1, 0x");
  EXPECT_FALSE(FindRule(rules, ""));
  EXPECT_FALSE(FindRule(rules, "4"));
}

TEST(RouteWeights, NamedOnesAreSetAndTheOthersStay) {
  Json rule = Rule("v45=90 v47=10 v43=5");
  ASSERT_TRUE(SetWeights(rule, Json::parse(R"({"v45":80,"v47":20})")));
  EXPECT_EQ(Text(WeightsOf(rule)), "v45=80 v47=20 v43=5");
  EXPECT_EQ(rule["timeout"], "200ms");
  EXPECT_FALSE(SetWeights(rule, Json::parse(R"({"v46":20})")));
  EXPECT_FALSE(SetWeights(rule, Json::parse(R"({"v45":0,"v47":0,"v43":0})")));
  EXPECT_FALSE(SetWeights(rule, Json::parse(R"({"v45":-1})")));
}

TEST(RouteWeights, TheChallengerGetsItsPercentOfWhatBothHave) {
  EXPECT_EQ(Stage("v45=100 v47=0", 5), "v45=95 v47=5");
  EXPECT_EQ(Stage("v45=90 v47=10", 25), "v45=75 v47=25");
  EXPECT_EQ(Stage("v45=90 v47=10", 100), "v45=0 v47=100");
  EXPECT_EQ(Stage("v47=- v45=100", 50), "v47=50 v45=50") << "a weight that is not written is 0";
}

TEST(RouteWeights, OtherDestinationsKeepTheirShares) {
  EXPECT_EQ(Stage("v45=60 v47=0 v43=40", 50), "v45=30 v47=30 v43=40");
  // 5 % of 60 is 3; 5 % of 50 is 2.5, so everything counts double.
  EXPECT_EQ(Stage("v45=60 v47=0 v43=40", 5), "v45=57 v47=3 v43=40");
  EXPECT_EQ(Stage("v45=50 v47=0 v43=50", 5), "v45=95 v47=5 v43=100");
}

TEST(RouteWeights, AShareThatIsNoWholeNumberScalesTheRuleByTheSmallestFactor) {
  EXPECT_EQ(Stage("v45=1 v47=0", 5), "v45=19 v47=1");
  EXPECT_EQ(Stage("v45=1 v47=0 v43=2", 1), "v45=99 v47=1 v43=200");
  EXPECT_EQ(Stage("v45=1 v47=0 v43=2", 100), "v45=0 v47=1 v43=2");
  EXPECT_EQ(Stage("v45=2000000000 v47=0 v43=1", 1), "v45=1980000000 v47=20000000 v43=1");
  const std::string large = Stage("v45=2000000001 v47=0", 1);
  EXPECT_NE(large.find("smaller weights"), std::string::npos) << large;
}

TEST(RouteWeights, ARuleThatCannotBeSplitSaysWhatToDo) {
  const auto told = [](const std::string& rule, const std::string& part) {
    const std::string text = Stage(rule, 10);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  told("v45=100", "subset v47 is no destination of the route");
  told("v45=100", "add it to the route with weight 0");
  told("v45=100 v47=0 v47=1", "2 times");
  told("v45=0 v47=0 v43=10", "weight 0 both");
  RouteWeights two_hosts = WeightsOf(Rule("v45=1 v47=1"));
  two_hosts[1].destination["host"] = "other";
  EXPECT_FALSE(StageWeights(two_hosts, kVersions, 10));
  EXPECT_FALSE(StageWeights(WeightsOf({{"redirect", Json::object()}}), kVersions, 10));
}

TEST(RouteWeights, WhatWasWrittenComesBackExactly) {
  for (const char* text : {"v45=90 v47=10", "v45=100 v47=-", "v45=7 v47=0 v43=3"}) {
    const Json before = Rule(text);
    const RouteWeights recorded = RouteWeightsFrom(ToJson(WeightsOf(before)));
    Json rule = before;
    ASSERT_TRUE(PutWeights(rule, StageWeights(WeightsOf(before), kVersions, 33).value()));
    EXPECT_NE(rule, before);

    ASSERT_TRUE(PutWeights(rule, recorded));

    EXPECT_EQ(rule.dump(), before.dump());
  }
}

TEST(RouteWeights, AreOnlyPutWhereTheDestinationsAreTheSame) {
  const RouteWeights weights = WeightsOf(Rule("v45=90 v47=10"));
  Json turned = Rule("v47=50 v45=50");
  ASSERT_TRUE(PutWeights(turned, weights));
  EXPECT_EQ(Text(WeightsOf(turned)), "v47=10 v45=90");
  for (const char* text : {"v45=1", "v45=1 v46=1", "v45=1 v47=1 v43=1"}) {
    Json other = Rule(text);
    const core::Status put = PutWeights(other, weights);
    ASSERT_FALSE(put) << text;
    EXPECT_NE(put.error().Text().find("other destinations"), std::string::npos);
  }
}

TEST(RouteWeights, AnEditIsAdoptedWithTheProportionFromBefore) {
  EXPECT_EQ(Adopt("v45=90 v47=10", "v45=60 v47=20 v43=20"), "v45=72 v47=8 v43=20");
  EXPECT_EQ(Adopt("v45=100 v47=0", "v45=50 v47=50"), "v45=100 v47=0");
  EXPECT_EQ(Adopt("v45=2 v47=1", "v45=50 v47=50"), "v45=200 v47=100");
  EXPECT_NE(Adopt("v45=90 v47=10", "v45=100").find("v47 is no destination"), std::string::npos);
  EXPECT_NE(Adopt("v45=90 v47=10", "v45=0 v47=0 v43=1").find("weight 0 both"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

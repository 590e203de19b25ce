#include "gateway/explain/explanation_json.h"

#include <gtest/gtest.h>

#include "gateway/explain/explanation_text.h"
#include "tests/support/snapshot_builder.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr auto kHost = "ranking.svc";

// A premium rule, a split with a mirror, and a rule that nothing reaches.
class ExplanationJsonTest : public testing::Test {
 protected:
  ExplanationJsonTest() {
    world_.Service(kHost, 8000, {"v45", "v47"});
    auto& host = world_.Host({kHost});
    auto& premium = host.Rule("premium").Header("x-tier", core::StringMatch::Exact("premium")).To(kHost, "v47");
    premium.route().virtual_service = "ml/ranking";
    premium.route().file = "rules.yaml";
    premium.route().line = 12;
    auto& split = host.Rule("split").To(kHost, "v45", 90).To(kHost, "v47", 10).MirrorTo(kHost, "v47", 50'000);
    split.route().virtual_service = "ml/ranking";
    split.route().rule_index = 1;
    split.forward().timeout = core::Milliseconds(200);
    host.Rule("late").To(kHost, "v45");
    core::Experiment experiment;
    experiment.name = "ab";
    experiment.host = kHost;
    experiment.unit_name = "x-user-id";
    experiment.salt = "ranking-v47";
    experiment.arms = {{"control", 0, 32, "v45"}, {"treatment", 33, 99, "v47"}};
    world_.Experiment(host, experiment);
    snapshot_ = world_.Build();
    sample_.authority = kHost;
  }

  Json Explained(std::uint64_t draw = 193) {
    core::SampleDecision decision(*snapshot_, sample_, draw, hasher_, random_);
    const auto explanation = core::Explain(*snapshot_, decision, hasher_, std::nullopt);
    EXPECT_TRUE(explanation.has_value());
    return ExplanationJson(*snapshot_, decision, *explanation, false);
  }
  void ExpectText(const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }

  core::BucketHasher hasher_;
  core::Random random_{7};
  tests::SnapshotBuilder world_;
  std::unique_ptr<core::Snapshot> snapshot_;
  core::SampleRequest sample_;
};

TEST_F(ExplanationJsonTest, TheDecisionHasTheNamesOfTheAccessLog) {
  const Json decision = Explained()["decision"];
  EXPECT_EQ(decision["action"], "forward");
  EXPECT_EQ(decision["virtual_service"], "ml/ranking");
  EXPECT_EQ(decision["rule_index"], 1);
  EXPECT_EQ(decision["route_name"], "split");
  EXPECT_EQ(decision["subset"], "v47");
  EXPECT_EQ(decision["split_draw"], "193");
  EXPECT_EQ(decision["mirrors"], 1);
  EXPECT_TRUE(decision["experiment"].is_null());
  EXPECT_TRUE(decision["response_code"].is_null());
}

TEST_F(ExplanationJsonTest, RulesBehindTheWinnerWereNotReached) {
  const Json rules = Explained()["rules"];
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0]["matches"][0]["failed"],
            (Json{{"field", "headers[x-tier]"}, {"wanted", "exact \"premium\""}, {"saw", nullptr}}));
  EXPECT_EQ(rules[0]["line"], 12);
  EXPECT_EQ(rules[1]["holds"], true);
  EXPECT_EQ(rules[1]["reached"], true);
  EXPECT_EQ(rules[2]["reached"], false);
}

TEST_F(ExplanationJsonTest, TheTextTellsEveryStep) {
  sample_.headers = {{"x-tier", "gold\x1b[31m"}, {"x-user-id", "user-42"}};
  EXPECT_EQ(Explained()["decision"]["action"], "refuse");  // a control byte is no field text
  sample_.headers = {{"x-tier", "gold \xc2\x9b"}, {"x-user-id", "user-42"}};
  const std::string text = ExplanationText(Explained(), false);
  ExpectText(text, "GET http://ranking.svc/\n");
  ExpectText(text, "forward to subset v47 of ranking.svc port 8000");
  ExpectText(text, "by rule 1 \"split\" of ml/ranking");
  ExpectText(text, "wanted exact \"premium\", saw \"gold \\u009b\"");
  ExpectText(text, "rules.yaml:12");
  ExpectText(text, "not reached, though it has no conditions");
  ExpectText(text, "md5(\"user-42:ranking-v47\")");
  ExpectText(text, "modulo 100 = bucket 33");
  ExpectText(text, "arm treatment (33-99): subset v47, in place of the split's");
  ExpectText(text, "draw 193 modulo 100 = 93");
  ExpectText(text, "90.0 %  0-89");
  ExpectText(text, "yes  v47  5.0 % of requests");
  ExpectText(text, "time-out 200ms (rule 200ms), per try none");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(ExplanationJsonTest, TheTextTellsHoldoutsLayersConditionsAndNames) {
  sample_.headers = {{"x-user-id", "user-42"}};
  core::Experiment& experiment = snapshot_->experiments[0];
  experiment.holdout = {"q4", 500};
  experiment.layer = {"page", 0, 0};
  const Json outside = Explained()["experiments"][0];
  EXPECT_EQ(outside["outcome"], "not-in-layer");
  EXPECT_EQ(outside["layer"]["md5_of"], "user-42:page");
  std::string text = ExplanationText(Explained(), false);
  ExpectText(text, "not in the holdout q4, which has the buckets below 500:");
  ExpectText(text, "not in its buckets 0-0 of the layer page:");
  ExpectText(text, "md5(\"user-42:page\")");
  ExpectText(text, "so it takes no part");

  experiment.holdout->buckets = 10'000;
  const Json held = Explained();
  EXPECT_EQ(held["experiments"][0]["outcome"], "holdout");
  EXPECT_EQ(held["decision"]["arm"], "holdout");
  text = ExplanationText(held, false);
  ExpectText(text, "in the holdout q4, which has the buckets below 10000:");
  ExpectText(text, "no arm, as all of the holdout");

  experiment.overrides = {{"user-42", 0}};
  experiment.override_index = core::TextIndex({{"user-42", 0}});
  ExpectText(ExplanationText(Explained(), false), "(by name): subset ");

  experiment.matches.emplace_back().method = core::StringMatch::Exact("POST");
  text = ExplanationText(Explained(), false);
  ExpectText(text, "method: wanted exact \"POST\", saw \"GET\"");
  ExpectText(text, "no match holds, so it takes no part");
}

TEST_F(ExplanationJsonTest, ColourChangesNoWord) {
  const Json explained = Explained();
  std::string coloured = ExplanationText(explained, true);
  for (std::size_t at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, ExplanationText(explained, false));
}

TEST_F(ExplanationJsonTest, WhatHasNoRuleSaysWhy) {
  sample_.authority = "unknown.svc";
  const Json unknown = Explained();
  EXPECT_EQ(unknown["decision"]["response_code"], 404);
  EXPECT_TRUE(unknown["host"].is_null());
  ExpectText(ExplanationText(unknown, false), "no virtual host covers \"unknown.svc\"");

  sample_.method = "TRACE";
  const Json refused = Explained();
  EXPECT_EQ(refused["decision"]["action"], "refuse");
  ExpectText(ExplanationText(refused, false), "refuse: 405 http1.method_not_allowed");
}

}  // namespace
}  // namespace sluice::gateway

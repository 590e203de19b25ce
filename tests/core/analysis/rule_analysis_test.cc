// Rules that are never reached and rules whose order decides, each with a request that shows it.
#include "core/analysis/rule_analysis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

using Kind = RuleNote::Kind;

StringMatch Regex(const std::string& pattern) { return *StringMatch::Regex(pattern); }

class RuleAnalysisTest : public testing::Test {
 protected:
  RuleAnalysisTest() { world_.Service("ranking", 8000, {"v1", "v2"}); }

  const std::vector<RuleNote>& Run() {
    snapshot_ = world_.Build();
    notes_ = RuleAnalysis(*snapshot_).Run();
    return notes_;
  }

  const std::string& NameOf(RouteId id) const { return snapshot_->routes[id.value].name; }

  tests::SnapshotBuilder world_;
  tests::HostBuilder& host_ = world_.Host({"ranking"});
  std::unique_ptr<Snapshot> snapshot_;
  std::vector<RuleNote> notes_;
};

TEST_F(RuleAnalysisTest, SpecificRulesBeforeACatchAllAreNoFinding) {
  host_.Rule("premium").Header("x-segment", StringMatch::Exact("premium")).To("ranking", "v2");
  host_.Rule("basic").Header("x-segment", StringMatch::Exact("basic")).To("ranking", "v1");
  host_.Rule("default").To("ranking", "v1");

  EXPECT_TRUE(Run().empty());
}

TEST_F(RuleAnalysisTest, ARuleWithinAnEarlierOneIsNeverReached) {
  host_.Rule("premium").Header("x-segment", StringMatch::Exact("premium")).To("ranking", "v2");
  host_.Rule("late")
      .Header("x-segment", StringMatch::Exact("premium"))
      .Uri(StringMatch::Prefix("/v2"))
      .To("ranking", "v1");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kUnreachable);
  EXPECT_EQ(NameOf(notes_[0].rule), "late");
  EXPECT_EQ(NameOf(notes_[0].by.front()), "premium");
  EXPECT_EQ(notes_[0].witness->target, "/v2");
  EXPECT_EQ(notes_[0].witness->headers, (std::vector<std::pair<std::string, std::string>>{{"x-segment", "premium"}}));
}

TEST_F(RuleAnalysisTest, TheUnionOfEarlierRulesCanTakeEverything) {
  host_.Rule("digits").Header("x-id", Regex("^[0-9].*")).To("ranking", "v1");
  host_.Rule("letters").Header("x-id", Regex("^[a-f].*")).To("ranking", "v1");
  host_.Rule("hex").Header("x-id", Regex("[0-9a-f].*")).To("ranking", "v2");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kUnreachable);
  EXPECT_EQ(NameOf(notes_[0].rule), "hex");
  EXPECT_EQ(notes_[0].by.size(), 2U);
}

TEST_F(RuleAnalysisTest, PresenceAndAbsenceTogetherTakeEverything) {
  host_.Rule("known").Header("x-id", StringMatch::Present()).To("ranking", "v1");
  host_.Rule("unknown").Without("x-id", StringMatch::Present()).To("ranking", "v1");
  host_.Rule("default").To("ranking", "v2");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(NameOf(notes_[0].rule), "default");
  EXPECT_EQ(notes_[0].kind, Kind::kUnreachable);
}

TEST_F(RuleAnalysisTest, PartlySharedRequestsAreShownByOneThatMeetsBoth) {
  host_.Rule("segment").Header("x-segment", StringMatch::Exact("premium")).To("ranking", "v2");
  host_.Rule("path").Uri(StringMatch::Prefix("/v1")).To("ranking", "v1");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kOverlap);
  EXPECT_EQ(NameOf(notes_[0].rule), "path");
  EXPECT_EQ(NameOf(notes_[0].by.front()), "segment");
  EXPECT_EQ(notes_[0].witness->target, "/v1");
  EXPECT_EQ(notes_[0].witness->headers.size(), 1U);
}

TEST_F(RuleAnalysisTest, OrderIsNoMatterWhereBothDoTheSame) {
  host_.Rule("segment").Header("x-segment", StringMatch::Exact("premium")).To("ranking", "v2");
  host_.Rule("path").Uri(StringMatch::Prefix("/v1")).To("ranking", "v2");

  EXPECT_TRUE(Run().empty());
}

TEST_F(RuleAnalysisTest, ASharedRequestIsOneThatNoThirdRuleTakes) {
  host_.Rule("first")
      .Header("x-segment", StringMatch::Exact("premium"))
      .Uri(StringMatch::Exact("/v1"))
      .To("ranking", "v1");
  host_.Rule("segment").Header("x-segment", StringMatch::Exact("premium")).To("ranking", "v2");
  host_.Rule("path").Uri(StringMatch::Prefix("/v1")).To("ranking", "v1");

  Run();

  const auto overlap =
      std::ranges::find_if(notes_, [&](const RuleNote& note) { return NameOf(note.by.front()) == "segment"; });
  ASSERT_NE(overlap, notes_.end());
  EXPECT_EQ(overlap->kind, Kind::kOverlap);
  EXPECT_NE(overlap->witness->target, "/v1");
}

TEST_F(RuleAnalysisTest, ConditionsThatExcludeEachOtherAreNeverMet) {
  host_.Rule("never").Uri(Regex("[^/]+")).To("ranking", "v1");
  host_.Rule("default").To("ranking", "v1");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kContradiction);
}

TEST_F(RuleAnalysisTest, OneItemThatDecidesNothingIsToldApartFromTheRule) {
  host_.Rule("prefix").Uri(StringMatch::Prefix("/a")).To("ranking", "v1");
  host_.Rule("two").Uri(StringMatch::Exact("/a/b")).Or().Uri(StringMatch::Exact("/c")).To("ranking", "v2");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kUnreachableMatch);
  EXPECT_EQ(notes_[0].match, 0);
}

TEST_F(RuleAnalysisTest, WhatIsNotModelledIsUnknown) {
  host_.Rule("word").Header("x-id", Regex("\\bx\\b.*")).To("ranking", "v1");
  host_.Rule("other").Header("x-id", Regex("\\by\\b.*")).To("ranking", "v2");

  Run();

  EXPECT_FALSE(notes_.empty());
  for (const RuleNote& note : notes_) EXPECT_EQ(note.kind, Kind::kUnknown);
}

TEST_F(RuleAnalysisTest, MethodsQueriesAndNegationsCount) {
  host_.Rule("post").Method("POST").To("ranking", "v1");
  host_.Rule("debug").Query("debug", StringMatch::Exact("1")).To("ranking", "v2");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kOverlap);
  EXPECT_EQ(notes_[0].witness->method, "POST");
  EXPECT_EQ(notes_[0].witness->target, "/?debug=1");
}

TEST_F(RuleAnalysisTest, ABucketIsShownByAUserWhoHasIt) {
  core::Experiment experiment;
  experiment.name = experiment.salt = "ranking-v2";
  experiment.host = "ranking";
  experiment.unit_name = "x-user-id";
  world_.Experiment(host_, experiment);
  host_.Rule("bucket").Header("x-ab-bucket", Regex("[0-9]")).To("ranking", "v2");
  host_.Rule("late").Header("x-ab-bucket", StringMatch::Exact("7")).To("ranking", "v1");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kUnreachable);
  EXPECT_EQ(NameOf(notes_[0].rule), "late");
  ASSERT_EQ(notes_[0].witness->headers.size(), 1U);
  EXPECT_EQ(notes_[0].witness->headers[0].first, "x-user-id");
}

TEST_F(RuleAnalysisTest, ABucketWithoutAnExperimentIsUnknown) {
  host_.Rule("bucket").Header("x-ab-bucket", Regex("[0-9]")).To("ranking", "v2");

  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(notes_[0].kind, Kind::kUnknown);
}

TEST_F(RuleAnalysisTest, ARuleThatWasNotCompiledHasATaker) {
  host_.Rule("default").To("ranking", "v1").route().virtual_service = "default/rules";
  snapshot_ = world_.Build();
  RouteMatch match;
  match.uri = StringMatch::Prefix("/late");

  const auto taken = RuleAnalysis(*snapshot_).WhoTakes("default/rules", &match);

  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->request.target, "/late");
  EXPECT_EQ(NameOf(taken->by), "default");
  EXPECT_FALSE(RuleAnalysis(*snapshot_).WhoTakes("default/others", &match).has_value());
}

}  // namespace
}  // namespace sluice::core

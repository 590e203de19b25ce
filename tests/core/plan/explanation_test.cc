#include "core/plan/explanation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

constexpr auto kHost = "ranking.svc";

class ExplanationTest : public testing::Test {
 protected:
  ExplanationTest() {
    world_.Service(kHost, 8000, {"v45", "v47"});
    sample_.authority = kHost;
  }

  tests::HostBuilder& Host() { return host_ != nullptr ? *host_ : *(host_ = &world_.Host({kHost})); }
  Explanation Explained(std::optional<std::uint64_t> draw = std::nullopt) {
    if (!snapshot_) snapshot_ = world_.Build();
    decision_ = std::make_unique<SampleDecision>(*snapshot_, sample_, draw, hasher_, random_);
    auto explanation = Explain(*snapshot_, *decision_, hasher_, std::nullopt);
    EXPECT_TRUE(explanation.has_value());
    return explanation ? std::move(*explanation) : Explanation{};
  }

  BucketHasher hasher_;
  Random random_{7};
  tests::SnapshotBuilder world_;
  tests::HostBuilder* host_ = nullptr;
  std::unique_ptr<Snapshot> snapshot_;
  SampleRequest sample_;
  std::unique_ptr<SampleDecision> decision_;
};

TEST_F(ExplanationTest, ASplitShowsWhereTheDrawFell) {
  Host().Rule("split").To(kHost, "v45", 90).To(kHost, "v47", 10).MirrorTo(kHost, "v47", 100'000);

  const Explanation explained = Explained(193);

  ASSERT_TRUE(explained.split.has_value());
  EXPECT_EQ(explained.split->by, SplitTrace::By::kDraw);
  EXPECT_EQ(explained.split->total, 100u);
  EXPECT_EQ(explained.split->point, 93u);
  EXPECT_FALSE(explained.split->shares[0].chosen);
  EXPECT_TRUE(explained.split->shares[1].chosen);
  ASSERT_EQ(explained.mirrors.size(), 1u);
  EXPECT_TRUE(explained.mirrors[0].selected);
  EXPECT_FALSE(Explained(100'000).mirrors[0].selected);
}

TEST_F(ExplanationTest, AStickyUserIsNamedAndHisShareChosen) {
  auto& rule = Host().Rule("sticky").To(kHost, "v45", 50).To(kHost, "v47", 50);
  rule.route().sticky = Sticky{Sticky::Source::kHeader, "x-user", "salt"};

  EXPECT_EQ(Explained(1).split->by, SplitTrace::By::kDraw);
  for (int user = 0; user < 20; ++user) {
    sample_.headers = {{"x-user", "u" + std::to_string(user)}};
    const Explanation explained = Explained(1);
    EXPECT_EQ(explained.split->by, SplitTrace::By::kUser);
    EXPECT_EQ(explained.split->user, "u" + std::to_string(user));
    EXPECT_NE(explained.split->shares[0].chosen, explained.split->shares[1].chosen);
  }
}

Experiment Ranking() {
  Experiment experiment;
  experiment.name = "ranking-v47";
  experiment.host = kHost;
  experiment.unit_name = "x-user-id";
  experiment.salt = "ranking-v47";
  experiment.arms = {{"control", 0, 32, "v45"}, {"treatment", 33, 99, "v47"}};
  return experiment;
}

TEST_F(ExplanationTest, BucketArithmeticIsSpelledOut) {
  Host().Rule("default").To(kHost, "v45");
  world_.Experiment(Host(), Ranking());

  EXPECT_EQ(Explained().experiments.at(0).outcome, ExperimentTrace::Outcome::kNoUnit);
  sample_.headers = {{"X-User-Id", "user-42"}};
  const ExperimentTrace trace = Explained().experiments.at(0);

  EXPECT_EQ(trace.outcome, ExperimentTrace::Outcome::kBucket);
  ASSERT_TRUE(trace.takes_part());
  EXPECT_EQ(trace.own->hashed, "user-42:ranking-v47");
  EXPECT_EQ(trace.own->bucket, 33u);
  EXPECT_EQ(trace.own->number % 100, 33u);
  EXPECT_EQ(trace.arm->name, "treatment");
  EXPECT_TRUE(trace.sets_headers);
  EXPECT_TRUE(trace.replaces_subset);
}

TEST_F(ExplanationTest, TheStepThatEndsAnExperimentIsTold) {
  using Outcome = ExperimentTrace::Outcome;
  Host().Rule("default").To(kHost, "v45");
  Experiment matched = Ranking();
  matched.matches.emplace_back().headers = {{"x-team", HeaderName::kOther, StringMatch::Exact("search")}};
  Experiment held = Ranking();
  held.holdout = {"all", kLayerBuckets};
  Experiment outside = Ranking();
  outside.layer = {"page", 0, 0};
  Experiment named = Ranking();
  named.holdout = held.holdout;
  named.overrides = {{"user-42", 0}};
  named.override_index = TextIndex({{"user-42", 0}});
  Experiment in_all = Ranking();
  in_all.holdout = {"nobody", 0};
  in_all.layer = {"page", 0, kLayerBuckets - 1};
  for (const Experiment& experiment : {matched, held, outside, named, in_all}) world_.Experiment(Host(), experiment);
  sample_.headers = {{"x-user-id", "user-42"}};

  const std::vector<ExperimentTrace> traces = Explained().experiments;

  ASSERT_EQ(traces.size(), 5u);
  EXPECT_EQ(traces[0].outcome, Outcome::kNoMatch);
  EXPECT_EQ(traces[0].matches.at(0).failed->field, "headers[x-team]");
  EXPECT_EQ(traces[1].outcome, Outcome::kHoldout);
  EXPECT_EQ(traces[1].holdout->hashed, "user-42:all");
  EXPECT_TRUE(traces[1].sets_headers);
  EXPECT_EQ(traces[1].arm, nullptr);
  EXPECT_EQ(traces[2].outcome, Outcome::kNotInLayer);
  EXPECT_EQ(traces[2].layer->hashed, "user-42:page");
  EXPECT_FALSE(traces[2].takes_part());
  EXPECT_EQ(traces[3].outcome, Outcome::kOverride);
  EXPECT_EQ(traces[3].arm->name, "control");
  EXPECT_EQ(traces[4].outcome, Outcome::kBucket);
  EXPECT_EQ(traces[4].arm->name, "treatment");
  EXPECT_TRUE(traces[3].replaces_subset);
  EXPECT_FALSE(traces[4].replaces_subset);
}

TEST_F(ExplanationTest, AMadeUnitIsThatOfTheCookie) {
  Host().Rule("default").To(kHost, "v45");
  Experiment experiment = Ranking();
  experiment.unit = Experiment::Unit::kCookie;
  experiment.unit_name = "uid";
  experiment.generate.emplace();
  world_.Experiment(Host(), experiment);

  const Explanation explained = Explained();

  const ExperimentTrace& trace = explained.experiments.at(0);
  EXPECT_TRUE(trace.generated);
  ASSERT_TRUE(trace.takes_part());
  EXPECT_EQ(trace.unit->size(), 32u);
  ASSERT_EQ(explained.response_changes.size(), 1u);
  EXPECT_TRUE(explained.response_changes[0].after->starts_with("uid=" + *trace.unit + "; Path=/;"));
}

TEST_F(ExplanationTest, AnExperimentThatTheDecisionKnowsOtherwiseIsAnError) {
  Host().Rule("default").To(kHost, "v45");
  world_.Experiment(Host(), Ranking());
  sample_.headers = {{"x-user-id", "user-42"}};
  Explained();
  snapshot_->experiments[0].layer = {"page", 0, 0};

  EXPECT_FALSE(Explain(*snapshot_, *decision_, hasher_, std::nullopt).has_value());
}

TEST_F(ExplanationTest, HeaderChangesAreThoseOfARealRequest) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.route().headers.request.set = {{"x-set", "1"}};
  rule.route().headers.request.remove = {"x-gone"};
  rule.route().headers.response.set = {{"x-answer", "2"}};
  rule.route().headers.response.remove = {"server"};
  sample_.headers = {{"X-Gone", "0"}, {"x-kept", "k"}};

  const Explanation explained = Explained();

  const auto find = [](const std::vector<HeaderChange>& changes, std::string_view name) {
    const auto at = std::ranges::find(changes, name, &HeaderChange::name);
    return at == changes.end() ? HeaderChange{} : *at;
  };
  EXPECT_EQ(find(explained.request_changes, "x-set").after, "1");
  EXPECT_EQ(find(explained.request_changes, "x-gone").before, "0");
  EXPECT_FALSE(find(explained.request_changes, "x-gone").after.has_value());
  EXPECT_EQ(find(explained.request_changes, "x-kept").name, "");
  EXPECT_EQ(find(explained.request_changes, "x-forwarded-for").after, "127.0.0.1");
  EXPECT_EQ(find(explained.response_changes, "x-answer").after, "2");
  EXPECT_EQ(explained.response_removes, std::vector<std::string>{"server"});
}

TEST_F(ExplanationTest, APerTryTimeoutThatIsNotShorterIsNotInForce) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.forward().timeout = Milliseconds(200);
  rule.forward().retry.per_try_timeout = Milliseconds(80);
  const Explanation explained = Explained();
  EXPECT_EQ(explained.timeout, Milliseconds(200));
  EXPECT_EQ(explained.per_try, Milliseconds(80));

  std::get<Forward>(snapshot_->routes[0].action).retry.per_try_timeout = Milliseconds(300);
  EXPECT_EQ(Explained().per_try, Duration::zero());
}

TEST_F(ExplanationTest, ATraceThatComesToAnotherRuleIsAnError) {
  Host().Rule("premium").Header("x-tier", StringMatch::Exact("premium")).To(kHost, "v47");
  Host().Rule("rest").To(kHost, "v45");
  sample_.headers = {{"x-tier", "premium"}};
  Explained();
  // What the decision was made by, changed behind its back.
  snapshot_->routes[0].matches[0].headers[0].match = StringMatch::Exact("gold");

  const auto explanation = Explain(*snapshot_, *decision_, hasher_, std::nullopt);

  ASSERT_FALSE(explanation.has_value());
  EXPECT_EQ(explanation.error().code, ErrorCode::kInternal);
}

TEST_F(ExplanationTest, ARefusedRequestHasNothingToExplain) {
  Host().Rule("r").To(kHost, "v45");
  sample_.method = "TRACE";
  EXPECT_TRUE(Explained().rules.empty());
  sample_.method = "GET";
  sample_.authority = "unknown.svc";
  EXPECT_TRUE(Explained().rules.empty());
}

}  // namespace
}  // namespace sluice::core

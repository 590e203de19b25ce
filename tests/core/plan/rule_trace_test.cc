#include "core/plan/rule_trace.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

constexpr auto kHost = "ranking.svc";

class RuleTraceTest : public testing::Test {
 protected:
  RuleTraceTest() {
    world_.Service(kHost, 8000, {"v45"});
    head_.method = "GET";
    head_.scheme = "http";
    head_.authority = kHost;
    head_.path = "/rank?u=1";
  }

  std::vector<RuleTrace> Trace() {
    if (!snapshot_) snapshot_ = world_.Build();
    const RouteInput input{&head_, "/rank", "u=1&flag", 8080};
    const VirtualHost* host = snapshot_->route_table.FindHost(kHost);
    return TraceRules(host->routes, snapshot_->routes, input, arena_);
  }
  // The failed condition of the only rule, which `condition` makes.
  template <typename Condition>
  ConditionTrace Failed(Condition condition) {
    tests::SnapshotBuilder world;
    world.Service(kHost, 8000, {"v45"});
    condition(world.Host({kHost}).Rule("r").To(kHost, "v45"));
    const auto snapshot = world.Build();
    const RouteInput input{&head_, "/rank", "u=1&flag", 8080};
    const auto rules = TraceRules(snapshot->route_table.hosts().front().routes, snapshot->routes, input, arena_);
    EXPECT_FALSE(rules.front().holds);
    return rules.front().matches.front().failed.value_or(ConditionTrace{"none", "", std::nullopt});
  }

  Arena arena_;
  Head head_{arena_};
  tests::SnapshotBuilder world_;
  std::unique_ptr<Snapshot> snapshot_;
};

TEST_F(RuleTraceTest, TellsTheFirstConditionThatFailsAndWhatItSaw) {
  using Rule = tests::RuleBuilder&;
  head_.headers.AddCopy("x-team", "a");

  const ConditionTrace uri = Failed([](Rule r) { r.Uri(StringMatch::Prefix("/score")); });
  EXPECT_EQ(uri.field, "uri");
  EXPECT_EQ(uri.wanted, "prefix \"/score\"");
  EXPECT_EQ(uri.saw, "/rank");

  const ConditionTrace method = Failed([](Rule r) { r.Method("POST"); });
  EXPECT_EQ(method.field, "method");
  EXPECT_EQ(method.saw, "GET");

  const ConditionTrace header = Failed([](Rule r) { r.Header("x-team", StringMatch::Exact("b", true)); });
  EXPECT_EQ(header.field, "headers[x-team]");
  EXPECT_EQ(header.wanted, "exact \"b\" (any case)");
  EXPECT_EQ(header.saw, "a");

  const ConditionTrace missing = Failed([](Rule r) { r.Header("x-none", StringMatch::Present()); });
  EXPECT_EQ(missing.wanted, "present");
  EXPECT_FALSE(missing.saw.has_value());

  const ConditionTrace without = Failed([](Rule r) { r.Without("x-team", StringMatch::Present()); });
  EXPECT_EQ(without.field, "withoutHeaders[x-team]");
  EXPECT_EQ(without.saw, "a");

  const ConditionTrace query = Failed([](Rule r) { r.Query("u", *StringMatch::Regex("[2-9]")); });
  EXPECT_EQ(query.field, "queryParams[u]");
  EXPECT_EQ(query.wanted, "regex \"[2-9]\"");
  EXPECT_EQ(query.saw, "1");

  const ConditionTrace port = Failed([](Rule r) { r.match().port = 9090; });
  EXPECT_EQ(port.field, "port");
  EXPECT_EQ(port.saw, "8080");
}

TEST_F(RuleTraceTest, EveryRuleIsTriedInOrderAndItemsUpToTheFirstThatHolds) {
  auto& host = world_.Host({kHost});
  host.Rule("no").Uri(StringMatch::Exact("/a")).Or().Uri(StringMatch::Exact("/b")).To(kHost, "v45");
  host.Rule("yes").Uri(StringMatch::Exact("/c")).Or().Uri(StringMatch::Exact("/rank")).Or().To(kHost, "v45");
  host.Rule("shadowed").To(kHost, "v45");

  const auto rules = Trace();

  ASSERT_EQ(rules.size(), 3u);
  EXPECT_FALSE(rules[0].holds);
  EXPECT_EQ(rules[0].matches.size(), 2u);
  EXPECT_TRUE(rules[1].holds);
  ASSERT_EQ(rules[1].matches.size(), 2u);
  EXPECT_FALSE(rules[1].matches[1].failed.has_value());
  EXPECT_TRUE(rules[2].holds);
  EXPECT_TRUE(rules[2].matches.empty());
}

TEST_F(RuleTraceTest, SeesWhatTheRouteTableSees) {
  head_.headers.AddCopy("x-many", "a");
  head_.headers.AddCopy("x-many", "b");
  const std::vector<std::function<void(tests::RuleBuilder&)>> conditions = {
      [](auto& r) { r.Header("x-many", StringMatch::Exact("a,b")); },
      [](auto& r) { r.Header("x-many", StringMatch::Exact("a")); },
      [](auto& r) { r.Header("host", StringMatch::Exact(kHost)); },
      [](auto& r) { r.Header(":path", StringMatch::Exact("/rank?u=1")); },
      [](auto& r) { r.Header(":method", StringMatch::Exact("GET")); },
      [](auto& r) { r.Header(":scheme", StringMatch::Exact("https")); },
      [](auto& r) { r.Header("method", StringMatch::Exact("ignored")); },
      [](auto& r) { r.Without("x-none", StringMatch::Exact("")); },
      [](auto& r) { r.Without("x-none", StringMatch::Exact("a")); },
      [](auto& r) { r.Without("x-none", StringMatch::Present()); },
      [](auto& r) { r.Query("flag", StringMatch::Exact("")); },
      [](auto& r) { r.Query("none", StringMatch::Exact("")); },
      [](auto& r) { r.match().port = 8080; },
      [](auto& r) { r.match().authority = StringMatch::Prefix("rank"); },
      [](auto& r) { r.match().scheme = StringMatch::Exact("http"); },
  };
  int held = 0;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    tests::SnapshotBuilder world;
    world.Service(kHost, 8000, {"v45"});
    conditions[i](world.Host({kHost}).Rule("r").To(kHost, "v45"));
    const auto snapshot = world.Build();
    const RouteInput input{&head_, "/rank", "u=1&flag", 8080};
    const VirtualHost& host = snapshot->route_table.hosts().front();
    const bool traced = TraceRules(host.routes, snapshot->routes, input, arena_).front().holds;
    const bool matched = bool(snapshot->route_table.Match(host, input, snapshot->routes, arena_));
    EXPECT_EQ(traced, matched) << "condition " << i;
    held += traced ? 1 : 0;
  }
  EXPECT_EQ(held, 11);
}

}  // namespace
}  // namespace sluice::core

#include "core/route/route_table.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

class RouteTableTest : public testing::Test {
 protected:
  // Name of the rule that answers; "404" when no rule or no host does.
  std::string Answer(const Snapshot& snapshot, std::string_view authority, std::string_view path) {
    const VirtualHost* const host = snapshot.route_table.FindHost(authority);
    if (host == nullptr) return "404";
    const RouteHit hit = snapshot.route_table.Match(*host, {&request_, path, "", 80}, snapshot.routes, arena_);
    return hit ? hit.route->name : "404";
  }

  Arena arena_;
  Head request_{arena_};
  tests::SnapshotBuilder world_;
};

TEST_F(RouteTableTest, FirstMatchingRuleWins) {
  auto& host = world_.Host({"a.svc"});
  host.Rule("narrow").Uri(StringMatch::Prefix("/v1/a")).Respond(200, "");
  host.Rule("wide").Uri(StringMatch::Prefix("/v1")).Respond(200, "");
  host.Rule("narrower").Uri(StringMatch::Exact("/v1/b")).Respond(200, "");
  const auto snapshot = world_.Build();

  EXPECT_EQ(Answer(*snapshot, "a.svc", "/v1/abc"), "narrow");
  EXPECT_EQ(Answer(*snapshot, "a.svc", "/v1/b"), "wide");
  EXPECT_EQ(Answer(*snapshot, "a.svc", "/"), "404");
}

TEST_F(RouteTableTest, ItemsOfAMatchListAreAlternatives) {
  world_.Host({"a.svc"}).Rule("r").Uri(StringMatch::Exact("/a")).Or().Uri(StringMatch::Exact("/b")).Respond(200, "");
  const auto snapshot = world_.Build();

  EXPECT_EQ(Answer(*snapshot, "a.svc", "/a"), "r");
  EXPECT_EQ(Answer(*snapshot, "a.svc", "/b"), "r");
  EXPECT_EQ(Answer(*snapshot, "a.svc", "/c"), "404");
}

TEST_F(RouteTableTest, ARuleWithoutMatchTakesEverything) {
  world_.Host({"a.svc"}).Rule("all").Respond(200, "");
  const auto snapshot = world_.Build();
  const VirtualHost* const host = snapshot->route_table.FindHost("a.svc");
  ASSERT_NE(host, nullptr);

  const RouteHit hit = snapshot->route_table.Match(*host, {&request_, "/x", "", 80}, snapshot->routes, arena_);

  ASSERT_TRUE(hit);
  EXPECT_EQ(hit.match, nullptr);
}

TEST_F(RouteTableTest, TheChoiceOfHostIsFinal) {
  world_.Host({"*.svc"}).Rule("any").Respond(200, "");
  world_.Host({"a.svc"}).Rule("only-v1").Uri(StringMatch::Prefix("/v1")).Respond(200, "");
  const auto snapshot = world_.Build();

  EXPECT_EQ(Answer(*snapshot, "b.svc", "/v2"), "any");
  EXPECT_EQ(Answer(*snapshot, "a.svc", "/v2"), "404");
}

TEST_F(RouteTableTest, SeveralNamesShareTheirRules) {
  world_.Host({"ranking", "ranking.ml", "ranking.ml.svc"}).Rule("r").Respond(200, "");
  const auto snapshot = world_.Build();

  EXPECT_EQ(Answer(*snapshot, "ranking", "/"), "r");
  EXPECT_EQ(Answer(*snapshot, "RANKING.ml.svc.:8080", "/"), "r");
  EXPECT_EQ(Answer(*snapshot, "other", "/"), "404");
}

TEST_F(RouteTableTest, AnEmptyTableKnowsNoHost) {
  EXPECT_EQ(RouteTable().FindHost("a"), nullptr);
  EXPECT_EQ(world_.Build()->route_table.FindHost("a"), nullptr);
}

}  // namespace
}  // namespace sluice::core

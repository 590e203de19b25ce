#include "core/plan/sample_request.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

constexpr auto kHost = "ranking.svc";

class SampleDecisionTest : public testing::Test {
 protected:
  SampleDecisionTest() {
    world_.Service(kHost, 8000, {"v45", "v47"});
    sample_.authority = kHost;
  }

  tests::HostBuilder& Host() { return host_ != nullptr ? *host_ : *(host_ = &world_.Host({kHost})); }
  Snapshot& Built() {
    if (!snapshot_) snapshot_ = world_.Build();
    return *snapshot_;
  }
  const SampleDecision& Decide(std::optional<std::uint64_t> draw = std::nullopt) {
    decision_ = std::make_unique<SampleDecision>(Built(), sample_, draw, hasher_, random_);
    return *decision_;
  }
  std::string RouteOf(const SampleDecision& decision) {
    return decision.plan().route == nullptr ? "none" : decision.plan().route->name;
  }
  std::string SubsetOf(const SampleDecision& decision) {
    return snapshot_->clusters[std::get<ForwardPlan>(decision.plan().action).cluster.value].subset;
  }

  BucketHasher hasher_;
  Random random_{7};
  tests::SnapshotBuilder world_;
  tests::HostBuilder* host_ = nullptr;
  std::unique_ptr<Snapshot> snapshot_;
  SampleRequest sample_;
  std::unique_ptr<SampleDecision> decision_;
};

TEST_F(SampleDecisionTest, HeaderNamesMayBeInAnyCaseAndValuesHaveBlanks) {
  Host().Rule("premium").Header("x-user-segment", StringMatch::Exact("premium")).To(kHost, "v47");
  Host().Rule("rest").To(kHost, "v45");
  sample_.headers = {{"X-User-Segment", " premium "}};

  EXPECT_EQ(RouteOf(Decide()), "premium");
  EXPECT_EQ(SubsetOf(*decision_), "v47");
}

TEST_F(SampleDecisionTest, TheGivenDrawDecidesTheSplit) {
  Host().Rule("split").To(kHost, "v45", 90).To(kHost, "v47", 10);
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    Decide(draw);
    EXPECT_EQ(decision_->plan().draw, draw);
    ASSERT_EQ(SubsetOf(*decision_), draw % 100 < 90 ? "v45" : "v47") << draw;
  }
}

TEST_F(SampleDecisionTest, WithoutADrawChanceDecides) {
  Host().Rule("split").To(kHost, "v45", 90).To(kHost, "v47", 10);
  int challenger = 0;
  for (int i = 0; i < 10'000; ++i) challenger += SubsetOf(Decide()) == "v47" ? 1 : 0;
  EXPECT_NEAR(challenger, 1000, 100);
}

TEST_F(SampleDecisionTest, AHostFieldTakesThePlaceOfTheAuthority) {
  Host().Rule("r").To(kHost, "v45");
  sample_.authority = "127.0.0.1:8080";
  sample_.headers = {{"Host", "Ranking.svc:80"}};

  EXPECT_EQ(RouteOf(Decide()), "r");
  EXPECT_FALSE(decision_->head().headers.Has(HeaderName::kHost));
}

TEST_F(SampleDecisionTest, FieldsOfTheConnectionAreNotSeenByRules) {
  Host().Rule("hop").Header("x-hop", StringMatch::Present()).To(kHost, "v47");
  Host().Rule("protected").Header("x-ab-bucket", StringMatch::Present()).To(kHost, "v47");
  Host().Rule("rest").To(kHost, "v45");
  sample_.headers = {{"Connection", "x-hop"}, {"x-hop", "1"}, {"x-ab-bucket", "9"}};

  EXPECT_EQ(RouteOf(Decide()), "rest");
}

TEST_F(SampleDecisionTest, PathsAreNormalisedBeforeTheyAreMatched) {
  Host().Rule("rank").Uri(StringMatch::Exact("/rank")).To(kHost, "v45");
  sample_.target = "/a/../%72ank?u=1";

  EXPECT_EQ(RouteOf(Decide()), "rank");
  EXPECT_EQ(decision_->input().path, "/rank");
  EXPECT_EQ(decision_->input().query, "u=1");
}

TEST_F(SampleDecisionTest, WhatNoCodecLetsThroughIsRefused) {
  Host().Rule("r").To(kHost, "v45");
  const auto refused = [&](const SampleRequest& sample) {
    const SampleDecision decision(Built(), sample, {}, hasher_, random_);
    EXPECT_EQ(decision.plan().route, nullptr);
    EXPECT_EQ(decision.refused_details().empty(), decision.refused_status() == 0);
    return decision.refused_status();
  };
  const auto with = [&](auto change) {
    SampleRequest sample = sample_;
    change(sample);
    return sample;
  };
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.target = "/%00"; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.target = "*"; })), 404);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.method = "TRACE"; })), 405);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.method = "GE T"; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.authority = "user@host"; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.headers = {{"a b", "1"}}; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.headers = {{"a", "1\r\n"}}; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.headers = {{"Host", "a"}, {"host", "a"}}; })), 400);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.headers = {{"Connection", "upgrade"}, {"Upgrade", "dns"}}; })), 403);
  EXPECT_EQ(refused(with([](SampleRequest& s) { s.headers = {{"Connection", "upgrade"}, {"Upgrade", "websocket"}}; })),
            400);
}

TEST_F(SampleDecisionTest, TrustedProxiesTellTheClient) {
  Host().Rule("r").To(kHost, "v45");
  sample_.client_address = "10.0.0.1";
  sample_.headers = {{"X-Forwarded-For", "198.51.100.7"}};
  EXPECT_EQ(Decide().input().client_address, "10.0.0.1");

  Built().settings.forwarding.trusted_cidrs = {"10.0.0.0/8"};
  EXPECT_EQ(Decide().input().client_address, "198.51.100.7");
}

TEST_F(SampleDecisionTest, ARequestIdThatIsKnownIsTheOneThatRulesSee) {
  Host().Rule("by-id").Header("x-request-id", StringMatch::Prefix("traced")).To(kHost, "v45");
  sample_.headers = {{"x-request-id", "traced-forged"}};
  EXPECT_EQ(RouteOf(Decide()), "none");  // nobody untrusted names his request
  sample_.request_id = "traced";
  EXPECT_EQ(RouteOf(Decide()), "by-id");
  EXPECT_EQ(decision_->input().request_id, "traced");
}

TEST_F(SampleDecisionTest, AnyNumberMayBeTheOwnPorts) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.match().port = 8080;
  EXPECT_EQ(RouteOf(Decide()), "none");
  sample_.listener_port = 8080;
  EXPECT_EQ(RouteOf(Decide()), "r");
}

class SampleAtGatewayTest : public SampleDecisionTest {
 protected:
  SampleAtGatewayTest() {
    Host().Rule("r").To(kHost, "v45");
    Snapshot& built = Built();
    built.listeners.clear();
    Listen(8080, Listener::Transport::kPlaintext);
    Listen(8443, Listener::Transport::kTls);
    std::vector<VirtualHost> table(1);
    table.front().hosts = {kHost};
    table.front().routes = {RouteId{0}};
    built.gateway_tables.emplace_back().Build(std::move(table), built.routes);
  }

  void Listen(std::uint16_t port, Listener::Transport transport) {
    Listener& listener = snapshot_->listeners.emplace_back();
    listener.port = port;
    listener.transport = transport;
    listener.servers.resize(1);
    listener.server_by_host = HostIndex(std::vector<HostIndex::Entry>{{kHost, 0}});
  }
};

TEST_F(SampleAtGatewayTest, ThePortFollowsTheScheme) {
  EXPECT_EQ(Decide().input().listener_port, 8080);
  EXPECT_EQ(RouteOf(*decision_), "r");
  sample_.scheme = "https";
  EXPECT_EQ(Decide().input().listener_port, 8443);
  EXPECT_EQ(decision_->input().sni, kHost);
  EXPECT_EQ(RouteOf(*decision_), "r");
}

TEST_F(SampleAtGatewayTest, AnotherNameInTheHandshakeIsMisdirected) {
  sample_.listener_port = 8443;
  sample_.sni = "other.test";
  EXPECT_EQ(std::get<AnswerPlan>(Decide().plan().action).kind, AnswerPlan::Kind::kMisdirected);
}

TEST_F(SampleAtGatewayTest, APortThatNobodyListensOnHasNoRules) {
  sample_.listener_port = 9999;
  EXPECT_EQ(Decide().listener(), nullptr);
  EXPECT_EQ(std::get<AnswerPlan>(decision_->plan().action).kind, AnswerPlan::Kind::kNoRoute);
}

}  // namespace
}  // namespace sluice::core

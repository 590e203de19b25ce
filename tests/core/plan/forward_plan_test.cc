#include "core/plan/forward_plan.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "core/route/predicate.h"
#include "core/upstream/affinity_hash.h"
#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

constexpr auto kHost = "ranking.svc";

class MakePlanTest : public testing::Test {
 protected:
  MakePlanTest() {
    world_.Service(kHost, 8000, {"v45", "v47"});
    request_.method = "GET";
    request_.scheme = "http";
    request_.authority = "ranking.svc";
  }

  tests::HostBuilder& Host() { return host_ != nullptr ? *host_ : *(host_ = &world_.Host({kHost})); }

  Plan Make(std::string_view path = "/rank", std::string_view query = "") {
    if (!snapshot_) snapshot_ = world_.Build();
    input_ = {path, query, 8080, "10.1.2.3", "id"};
    request_.path = query.empty() ? path : arena_.Concat(path, "?", query);
    return MakePlan(*snapshot_, request_, input_, hasher_, random_, arena_);
  }
  const ForwardPlan& Forwarded(const Plan& plan) {
    EXPECT_TRUE(plan.forwards());
    return std::get<ForwardPlan>(plan.action);
  }
  const AnswerPlan& Answered(const Plan& plan) {
    EXPECT_FALSE(plan.forwards());
    return std::get<AnswerPlan>(plan.action);
  }
  const std::string& SubsetOf(const Plan& plan) { return snapshot_->clusters[Forwarded(plan).cluster.value].subset; }

  Arena arena_;
  Head request_{arena_};
  Head response_{arena_};
  PlanInput input_;
  BucketHasher hasher_;
  Random random_{42};
  tests::SnapshotBuilder world_;
  tests::HostBuilder* host_ = nullptr;
  std::unique_ptr<Snapshot> snapshot_;
};

Experiment RankingExperiment() {
  Experiment experiment;
  experiment.name = "ranking-v47";
  experiment.host = kHost;
  experiment.unit_name = "x-user-id";
  experiment.salt = "ranking-v47";
  experiment.arms = {{"control", 0, 32, "v45"}, {"treatment", 33, 99, "v47"}};  // user-42: bucket 33
  return experiment;
}

TEST_F(MakePlanTest, ForwardsWithTheLimitsOfTheRule) {
  auto& rule = Host().Rule("default").To(kHost, "v45");
  rule.forward().timeout = Milliseconds(200);
  rule.forward().retry.attempts = 7;

  const Plan plan = Make("/rank", "u=1");

  EXPECT_EQ(SubsetOf(plan), "v45");
  EXPECT_EQ(Forwarded(plan).path, "/rank?u=1");
  EXPECT_EQ(Forwarded(plan).authority, "ranking.svc");
  EXPECT_EQ(Forwarded(plan).timeout, Milliseconds(200));
  EXPECT_EQ(Forwarded(plan).retry->attempts, 7u);
  EXPECT_TRUE(Forwarded(plan).original_path.empty());
  EXPECT_EQ(plan.route->name, "default");
}

TEST_F(MakePlanTest, UnknownHostsAndUnmatchedRequestsAre404) {
  Host().Rule("r").Uri(StringMatch::Exact("/only")).To(kHost, "v45");

  const Plan no_rule = Make("/rank");
  request_.authority = "unknown.svc";
  const Plan no_host = Make("/only");

  for (const Plan& plan : {no_rule, no_host}) {
    EXPECT_EQ(Answered(plan).kind, AnswerPlan::Kind::kNoRoute);
    EXPECT_EQ(Answered(plan).status, 404);
    EXPECT_EQ(Answered(plan).flag, "NR");
    EXPECT_EQ(Answered(plan).details, "route_not_found");
    EXPECT_EQ(plan.route, nullptr);
  }
}

TEST_F(MakePlanTest, AnUndefinedSubsetIs503) {
  Host().Rule("r").To(kHost, "v99");

  const Plan plan = Make();

  EXPECT_EQ(Answered(plan).kind, AnswerPlan::Kind::kNoCluster);
  EXPECT_EQ(Answered(plan).status, 503);
  EXPECT_EQ(Answered(plan).flag, "NC");
  EXPECT_EQ(Answered(plan).details, "cluster_not_found");
}

TEST_F(MakePlanTest, AHeaderRuleComesBeforeTheSplitOfTheArticle) {
  Host().Rule("premium").Header("x-user-segment", StringMatch::Exact("premium")).To(kHost, "v47");
  Host().Rule("split").To(kHost, "v45", 90).To(kHost, "v47", 10);
  int challenger = 0;
  for (int i = 0; i < 10'000; ++i) challenger += SubsetOf(Make()) == "v47" ? 1 : 0;
  EXPECT_NEAR(challenger, 1000, 100);

  request_.headers.AddCopy("x-user-segment", "premium");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(SubsetOf(Make()), "v47");
}

TEST_F(MakePlanTest, AnArmReplacesOnlyTheSubset) {
  auto& rule = Host().Rule("default").To(kHost, "v45").MirrorTo(kHost, "v45", 1'000'000);
  rule.forward().timeout = Milliseconds(200);
  world_.Experiment(Host(), RankingExperiment());
  request_.headers.AddCopy("x-user-id", "user-42");

  const Plan plan = Make();

  EXPECT_EQ(SubsetOf(plan), "v47");
  EXPECT_EQ(plan.experiment->name, "ranking-v47");
  EXPECT_EQ(plan.arm->name, "treatment");
  EXPECT_EQ(plan.bucket, 33u);
  EXPECT_EQ(Forwarded(plan).timeout, Milliseconds(200));
  EXPECT_EQ(Forwarded(plan).mirror_count, 1u);
}

TEST_F(MakePlanTest, EveryAssignmentIsKeptAndTheOneThatChoseTheSubsetIsApplied) {
  Host().Rule("default").To(kHost, "v45");
  Experiment elsewhere = RankingExperiment();
  elsewhere.name = "elsewhere";
  elsewhere.routes = {"premium"};
  world_.Experiment(Host(), elsewhere);
  world_.Experiment(Host(), RankingExperiment());
  request_.headers.AddCopy("x-user-id", "user-42");

  const Plan plan = Make();

  ASSERT_EQ(plan.assignments.all.size(), 2u);
  EXPECT_EQ(plan.applied, &plan.assignments.all[1]);
  EXPECT_EQ(plan.experiment->name, "ranking-v47");
  EXPECT_EQ(ArmName(plan), "treatment");
  EXPECT_EQ(request_.headers.Find("x-ab-experiment"), "elsewhere");
}

TEST_F(MakePlanTest, WhoIsHeldOutTakesTheRulesSubset) {
  Host().Rule("default").To(kHost, "v45");
  Experiment held = RankingExperiment();
  held.holdout = {"all", kLayerBuckets};
  world_.Experiment(Host(), held);
  request_.headers.AddCopy("x-user-id", "user-42");

  const Plan plan = Make();

  EXPECT_EQ(SubsetOf(plan), "v45");
  EXPECT_EQ(plan.applied, nullptr);
  EXPECT_EQ(plan.arm, nullptr);
  EXPECT_EQ(ArmName(plan), "holdout");
}

TEST_F(MakePlanTest, TheCookieOfAMadeUnitIsInWhatTheRuleAnswersAndNotInRefusals) {
  Redirect redirect;
  redirect.uri = "/new";
  Host().Rule("old").Uri(StringMatch::Exact("/old")).route().action = redirect;
  Host().Rule("told").Uri(StringMatch::Exact("/told")).route().action = DirectResponse{200, "ok"};
  Host().Rule("default").Uri(StringMatch::Prefix("/rank")).To(kHost, "v45");
  Experiment made = RankingExperiment();
  made.unit = Experiment::Unit::kCookie;
  made.unit_name = "uid";
  made.generate.emplace();
  world_.Experiment(Host(), made);
  for (const auto& [path, carries] : {std::pair("/old", true), {"/told", true}, {"/rank", true}, {"/none", false}}) {
    const Plan plan = Make(path);
    Head answer(arena_);

    ApplyResponseHeaders(plan, request_, answer, {}, arena_);

    EXPECT_EQ(answer.headers.Find("set-cookie").value_or("").starts_with("uid="), carries) << path;
  }
}

TEST_F(MakePlanTest, WithoutTheUnitTheOrdinaryRouteIsTaken) {
  Host().Rule("default").To(kHost, "v45");
  world_.Experiment(Host(), RankingExperiment());

  const Plan plan = Make();

  EXPECT_EQ(SubsetOf(plan), "v45");
  EXPECT_EQ(plan.experiment, nullptr);
}

TEST_F(MakePlanTest, RulesCanMatchOnTheBucket) {
  Host().Rule("bucketed").Header("x-ab-bucket", StringMatch::Exact("33")).To(kHost, "v47");
  Host().Rule("default").To(kHost, "v45");
  Experiment headers_only = RankingExperiment();
  headers_only.arms.clear();
  world_.Experiment(Host(), headers_only);
  request_.headers.AddCopy("x-ab-bucket", "33");
  EXPECT_EQ(Make().route->name, "default");  // a client cannot choose its bucket

  request_.headers.AddCopy("x-user-id", "user-42");
  const Plan plan = Make();

  EXPECT_EQ(plan.route->name, "bucketed");
  EXPECT_EQ(plan.bucket, 33u);
  EXPECT_EQ(plan.arm, nullptr);
}

TEST_F(MakePlanTest, AnArmOfAnUndefinedSubsetIs503) {
  Host().Rule("default").To(kHost, "v45");
  Experiment broken = RankingExperiment();
  broken.arms[1].subset = "v99";
  world_.Experiment(Host(), broken);
  request_.headers.AddCopy("x-user-id", "user-42");

  EXPECT_EQ(Answered(Make()).flag, "NC");
}

TEST_F(MakePlanTest, AStickyUserStaysWhereTheyAre) {
  auto& rule = Host().Rule("default").To(kHost, "v45", 50).To(kHost, "v47", 50);
  rule.route().sticky = Sticky{Sticky::Source::kHeader, "x-user-id", "ns/vs"};
  std::array<int, 2> users{};
  for (int user = 0; user < 200; ++user) {
    request_.headers.Set("x-user-id", arena_.Copy(std::to_string(user)));
    const std::string subset = SubsetOf(Make());
    ++users.at(subset == "v47" ? 1 : 0);
    for (int again = 0; again < 5; ++again) ASSERT_EQ(SubsetOf(Make()), subset);
  }

  EXPECT_GT(users[0], 60);
  EXPECT_GT(users[1], 60);
}

TEST_F(MakePlanTest, MirrorsFollowTheDrawAndNeverCopyConnect) {
  Host().Rule("default").To(kHost, "v45").MirrorTo(kHost, "v47", 100'000);
  int copies = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Plan plan = Make();
    ASSERT_EQ(Forwarded(plan).mirror_count, plan.draw % kPerMillion < 100'000 ? 1u : 0u);
    copies += static_cast<int>(Forwarded(plan).mirror_count);
  }
  EXPECT_NEAR(copies, 1000, 100);

  request_.method = "CONNECT";
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Forwarded(Make()).mirror_count, 0u);
}

TEST_F(MakePlanTest, RewritesKeepTheQueryAndRememberTheOriginal) {
  auto& rule = Host().Rule("r").Uri(StringMatch::Prefix("/v1")).To(kHost, "v45");
  rule.forward().rewrite.uri = "/v2";
  rule.forward().rewrite.authority = "internal.svc";

  const Plan plan = Make("/v1/rank", "a=b");
  ApplyRequestHeaders(plan, request_, input_, arena_);

  EXPECT_EQ(Forwarded(plan).path, "/v2/rank?a=b");
  EXPECT_EQ(Forwarded(plan).authority, "internal.svc");
  EXPECT_EQ(request_.headers.Find("x-envoy-original-path"), "/v1/rank?a=b");
  EXPECT_EQ(request_.headers.Find("x-envoy-original-host"), "ranking.svc");
}

TEST_F(MakePlanTest, AHostHeaderOperationRewritesTheAuthority) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.route().headers.request.set = {{"host", "%REQ(x-tenant)%.svc"}};
  request_.headers.AddCopy("x-tenant", "acme");

  EXPECT_EQ(Forwarded(Make()).authority, "acme.svc");
}

TEST_F(MakePlanTest, AnAuthorityMadeOfClientTextThatIsNoAuthorityIsLeftAlone) {
  auto& rule = Host().Rule("default").To(kHost, "v45");
  rule.forward().rewrite.authority = "%REQ(x-tenant)%";
  request_.headers.AddBorrowed("x-tenant", "a b");

  EXPECT_EQ(Forwarded(Make()).authority, "ranking.svc");
}

TEST_F(MakePlanTest, AnOverlongRegexRewriteIs414) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.forward().rewrite.compiled_regex = *CompileRegex("a");
  rule.forward().rewrite.regex_replacement = std::string(1000, 'b');
  const std::string path = "/" + std::string(5000, 'a');

  EXPECT_EQ(Answered(Make(path)).status, 414);
}

TEST_F(MakePlanTest, TheNormalisedPathIsWhatGoesUpstream) {
  Host().Rule("r").To(kHost, "v45");
  snapshot_ = world_.Build();
  request_.path = "/a/../rank?u=1";
  const PlanInput input{"/rank", "u=1", 80, "", ""};

  const Plan plan = MakePlan(*snapshot_, request_, input, hasher_, random_, arena_);

  EXPECT_EQ(Forwarded(plan).path, "/rank?u=1");
}

TEST_F(MakePlanTest, RedirectsAndDirectResponses) {
  Redirect redirect;
  redirect.uri = "/new";
  redirect.code = 308;
  Host().Rule("moved").Uri(StringMatch::Exact("/old")).Redirect(redirect);
  Host().Rule("direct").Respond(503, "closed");

  const Plan moved = Make("/old");
  EXPECT_EQ(Answered(moved).kind, AnswerPlan::Kind::kRedirect);
  EXPECT_EQ(Answered(moved).status, 308);
  EXPECT_EQ(Answered(moved).location, "http://ranking.svc/new");

  const Plan direct = Make("/x");
  EXPECT_EQ(Answered(direct).kind, AnswerPlan::Kind::kDirectResponse);
  EXPECT_EQ(Answered(direct).status, 503);
  EXPECT_EQ(Answered(direct).body, "closed");
}

TEST_F(MakePlanTest, DelayAndAbortAreDrawnApart) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  Fault fault;
  fault.delay = Milliseconds(5);
  fault.delay_per_million = 500'000;
  fault.abort_http_status = 418;
  fault.abort_per_million = 500'000;
  rule.route().fault = fault;
  std::array<int, 4> seen{};
  for (int i = 0; i < 4000; ++i) {
    const Plan plan = Make();
    const bool delayed = plan.fault_delay == Milliseconds(5);
    ++seen.at((delayed ? 1u : 0u) + (plan.forwards() ? 0u : 2u));
    if (plan.forwards()) continue;
    ASSERT_EQ(Answered(plan).status, 418);
    ASSERT_EQ(Answered(plan).flag, "FI");
    ASSERT_EQ(Answered(plan).body, "fault filter abort");
  }

  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST_F(MakePlanTest, AGrpcClientsOwnTimeoutStandsBesideTheRoutes) {
  Host().Rule("default").To(kHost, "v45").forward().timeout = Milliseconds(200);
  request_.headers.AddBorrowed(HeaderName::kGrpcTimeout, "50m");

  EXPECT_EQ(Forwarded(Make()).client_timeout, Duration::zero()) << "not gRPC";
  request_.headers.AddBorrowed(HeaderName::kContentType, "application/grpc");
  const Plan plan = Make();

  EXPECT_EQ(Forwarded(plan).client_timeout, Milliseconds(50));
  EXPECT_EQ(Forwarded(plan).timeout, Milliseconds(200));
}

TEST_F(MakePlanTest, AbortsCanSpeakGrpc) {
  Fault fault;
  fault.abort_grpc_status = 14;
  fault.abort_per_million = 1'000'000;
  Host().Rule("r").To(kHost, "v45").route().fault = fault;

  const Plan plan = Make();

  EXPECT_TRUE(Answered(plan).has_grpc_status);
  EXPECT_EQ(Answered(plan).grpc_status, 14u);
  EXPECT_EQ(Answered(plan).status, 200);
}

TEST_F(MakePlanTest, PreflightsAreAnsweredHere) {
  CorsPolicy policy;
  policy.allow_origins = {StringMatch::Exact("https://app")};
  policy.allow_methods = "GET";
  Host().Rule("r").To(kHost, "v45").route().cors = policy;
  request_.headers.AddCopy("origin", "https://app");
  const Plan actual = Make();
  request_.method = "OPTIONS";
  request_.headers.AddCopy("access-control-request-method", "GET");
  const Plan preflight = Make();

  EXPECT_TRUE(actual.forwards());
  EXPECT_NE(actual.cors, nullptr);
  EXPECT_EQ(Answered(preflight).status, 200);
  ApplyResponseHeaders(preflight, request_, response_, input_, arena_);
  EXPECT_EQ(response_.headers.Find("access-control-allow-methods"), "GET");
}

TEST_F(MakePlanTest, ALoneDestinationSetsLast) {
  auto& rule = Host().Rule("r").To(kHost, "v45");
  rule.route().headers.request.set = {{"x-who", "rule"}};
  rule.forward().destinations[0].headers.request.set = {{"x-who", "destination"}};

  ApplyRequestHeaders(Make(), request_, input_, arena_);

  EXPECT_EQ(request_.headers.Find("x-who"), "destination");
}

TEST_F(MakePlanTest, OfSeveralDestinationsTheRuleSetsLast) {
  auto& rule = Host().Rule("r").To(kHost, "v45", 50).To(kHost, "v47", 50);
  rule.route().headers.response.set = {{"x-who", "rule"}};
  for (auto& destination : rule.forward().destinations) {
    destination.headers.response.set = {{"x-who", "destination"}, {"x-model", "some"}};
  }

  ApplyResponseHeaders(Make(), request_, response_, input_, arena_);

  EXPECT_EQ(response_.headers.Find("x-who"), "rule");
  EXPECT_EQ(response_.headers.Find("x-model"), "some");
}

TEST_F(MakePlanTest, HeaderOperationsApplyToDirectResponses) {
  auto& rule = Host().Rule("r").Respond(200, "{}");
  rule.route().headers.response.set = {{"content-type", "application/json"}};

  ApplyResponseHeaders(Make(), request_, response_, input_, arena_);

  EXPECT_EQ(response_.headers.Find("content-type"), "application/json");
}

TEST_F(MakePlanTest, ConsistentHashingTakesTheKeyOfTheChosenCluster) {
  Host().Rule("r").To(kHost, "v45");
  HashKey key;
  key.source = HashKey::Source::kCookie;
  key.name = "uid";
  key.cookie_ttl = Duration(0);
  world_.cluster(kHost, "v45").load_balancer.hash = key;

  const Plan fresh = Make();
  ApplyResponseHeaders(fresh, request_, response_, input_, arena_);
  request_.headers.AddCopy("cookie", "uid=abc");
  const Plan returning = Make();

  EXPECT_TRUE(Forwarded(fresh).has_hash);
  EXPECT_TRUE(response_.headers.Find("set-cookie").value_or("").starts_with("uid="));
  EXPECT_EQ(Forwarded(returning).hash, AffinityHash("abc"));
  EXPECT_TRUE(Forwarded(returning).set_cookie.empty());
}

}  // namespace
}  // namespace sluice::core

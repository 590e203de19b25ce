// What the readers of the kinds make of each field, seen through the compiled snapshot.
#include <gtest/gtest.h>

#include <variant>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

std::unique_ptr<core::Snapshot> CompileText(const std::string& text) {
  const Loaded loaded = LoadText(text);
  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  return loaded.ok ? Compile(*loaded.documents, {}) : nullptr;
}

const core::Forward& ForwardOf(const core::Snapshot& snapshot, std::size_t route) {
  return std::get<core::Forward>(snapshot.routes.at(route).action);
}

TEST(Parse, MatchItemCarriesEveryConditionItNames) {
  const auto snapshot = CompileText(WithRules(R"(
  - match:
    - uri: {prefix: /v1}
      ignoreUriCase: true
      method: {exact: POST}
      authority: {regex: "rank.*"}
      headers: {x-user-segment: {exact: premium}, x-any: {}}
      withoutHeaders: {x-debug: {}}
      queryParams: {mode: {exact: fast}}
    route: [{destination: {host: ranking, subset: v1}}]
)"));
  ASSERT_NE(snapshot, nullptr);

  const core::RouteMatch& match = snapshot->routes.at(0).matches.at(0);
  EXPECT_EQ(match.uri->kind(), core::StringMatch::Kind::kPrefix);
  EXPECT_TRUE(match.uri->ignore_case());
  EXPECT_TRUE(match.method->Matches("POST"));
  EXPECT_EQ(match.authority->kind(), core::StringMatch::Kind::kRegex);
  ASSERT_EQ(match.headers.size(), 2U);
  EXPECT_EQ(match.without_headers.at(0).name, "x-debug");
  EXPECT_EQ(match.query.at(0).name, "mode");
}

TEST(Parse, RuleCarriesTimeoutRetriesAndMirrors) {
  const auto snapshot = CompileText(WithRules(R"(
  - route: [{destination: {host: ranking, subset: v1}}]
    timeout: 1s
    retries: {attempts: 3, perTryTimeout: 200ms, retryOn: "5xx,409"}
    mirrors:
    - {destination: {host: ranking, subset: v2}, percentage: {value: 12.5}}
)"));
  ASSERT_NE(snapshot, nullptr);

  const core::Forward& forward = ForwardOf(*snapshot, 0);
  EXPECT_EQ(forward.timeout, core::Seconds(1));
  EXPECT_EQ(forward.retry.attempts, 3U);
  EXPECT_EQ(forward.retry.per_try_timeout, core::Milliseconds(200));
  EXPECT_TRUE(forward.retry.Has(core::RetryOn::k5xx));
  EXPECT_EQ(forward.retry.status_codes, std::vector<std::uint16_t>{409});
  ASSERT_EQ(forward.mirrors.size(), 1U);
  EXPECT_EQ(forward.mirrors[0].per_million, 125'000U);
}

TEST(Parse, RedirectAndDirectResponseTakeTheirFields) {
  const auto snapshot = CompileText(WithRules(R"(
  - match: [{uri: {exact: /old}}]
    redirect: {uri: /new, redirectCode: 308}
  - directResponse: {status: 418, body: {string: teapot}}
)"));
  ASSERT_NE(snapshot, nullptr);

  const auto& redirect = std::get<core::Redirect>(snapshot->routes.at(0).action);
  EXPECT_EQ(redirect.uri, "/new");
  EXPECT_EQ(redirect.code, 308);
  const auto& direct = std::get<core::DirectResponse>(snapshot->routes.at(1).action);
  EXPECT_EQ(direct.status, 418);
  EXPECT_EQ(direct.body, "teapot");
}

TEST(Parse, FaultAndHeaderOperationsAreKept) {
  const auto snapshot = CompileText(WithRules(R"(
  - fault:
      delay: {fixedDelay: 50ms, percentage: {value: 10}}
      abort: {httpStatus: 503, percentage: {value: 0.1}}
    headers:
      request: {set: {X-Model: a}, remove: [x-old]}
      response: {add: {x-served-by: sluice}}
    route: [{destination: {host: ranking, subset: v1}}]
)"));
  ASSERT_NE(snapshot, nullptr);

  const core::Route& route = snapshot->routes.at(0);
  ASSERT_TRUE(route.fault.has_value());
  EXPECT_EQ(route.fault->delay, core::Milliseconds(50));
  EXPECT_EQ(route.fault->delay_per_million, 100'000U);
  EXPECT_EQ(route.fault->abort_http_status, 503);
  EXPECT_EQ(route.fault->abort_per_million, 1'000U);
  EXPECT_EQ(route.headers.request.set.at(0).first, "x-model");
  EXPECT_EQ(route.headers.request.remove.at(0), "x-old");
  EXPECT_EQ(route.headers.response.add.at(0).second, "sluice");
}

TEST(Parse, EndpointsKeepWeightPortAndLabels) {
  const auto snapshot = CompileText(WithRules("  - route: [{destination: {host: ranking}}]\n"));
  ASSERT_NE(snapshot, nullptr);

  const core::ClusterId id = snapshot->FindCluster("ranking.default.svc.cluster.local", 8000, "");
  ASSERT_TRUE(id.valid());
  const auto& endpoints = snapshot->clusters[id.value].endpoints;
  ASSERT_EQ(endpoints.size(), 2U);
  EXPECT_EQ(endpoints[0].host_port, "127.0.0.1:9001");
  EXPECT_EQ(endpoints[0].weight, 3U);
  EXPECT_EQ(endpoints[0].version, "v1");
  EXPECT_EQ(endpoints[1].host_port, "[::1]:9002");
}

TEST(Parse, SettingsOverrideTheirDefaultsAndNothingElse) {
  const auto snapshot = CompileText(kService + R"(
apiVersion: sluice.dev/v1alpha1
kind: GatewaySettings
metadata: {name: gateway}
spec:
  workers: 3
  timeouts: {drain: 5s}
  limits: {headerCount: 50}
)");
  ASSERT_NE(snapshot, nullptr);

  EXPECT_EQ(snapshot->settings.workers, 3U);
  EXPECT_EQ(snapshot->settings.timeouts.drain, core::Seconds(5));
  EXPECT_EQ(snapshot->settings.limits.header_count, 50U);
  EXPECT_EQ(snapshot->settings.timeouts.request_head, core::Seconds(10));
}

}  // namespace
}  // namespace sluice::config

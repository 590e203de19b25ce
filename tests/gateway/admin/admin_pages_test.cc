#include "gateway/admin/admin_pages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gateway/telemetry/logging.h"
#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

class AdminPagesTest : public ::testing::Test {
 protected:
  AdminPagesTest() : registry({}), shard(registry), collector(Source()) {
    facts.started = true;
    facts.workers = 2;
    facts.uptime_seconds = 61;
    facts.command_line = "sluice run -c rules";
    facts.listeners = {{"http", "0.0.0.0:8080"}};
    context.collector = &collector;
    context.snapshot = [](void* self) { return static_cast<AdminPagesTest*>(self)->scenario.shared(); };
    context.server = [](void* self) { return static_cast<AdminPagesTest*>(self)->facts; };
    context.self = this;
    context.actions = {[](void* self, bool graceful) {
                         static_cast<AdminPagesTest*>(self)->did += graceful ? "drain-gracefully " : "drain ";
                       },
                       [](void* self, bool ok) { static_cast<AdminPagesTest*>(self)->did += ok ? "ok " : "fail "; },
                       this};
  }

  MetricsSource Source() {
    MetricsSource source;
    source.registry = &registry;
    source.shards = {&shard};
    source.snapshot = [](void* self) { return static_cast<AdminPagesTest*>(self)->scenario.shared(); };
    source.self = this;
    return source;
  }

  AdminAnswer Ask(std::string_view method, std::string_view path, std::string_view query = "",
                  PageSet set = PageSet::kAdmin) {
    AdminRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.authority = authority;
    request.origin = origin;
    return AnswerAdmin(context, set, request);
  }
  AdminAnswer Get(std::string_view path, std::string_view query = "") { return Ask("GET", path, query); }

  Scenario scenario;
  SeriesRegistry registry;
  MetricsShard shard;
  PrometheusCollector collector;
  ServerFacts facts;
  AdminContext context;
  std::string authority = "127.0.0.1:15000";
  std::string origin;
  std::string did;
};

TEST_F(AdminPagesTest, ReadyFollowsTheStateOfTheProcess) {
  EXPECT_EQ(Get("/ready").status, 200);
  EXPECT_EQ(Get("/ready").body, "LIVE\n");

  facts.draining = true;
  EXPECT_EQ(Get("/healthz/ready").status, 503);
  EXPECT_EQ(Get("/healthz/ready").body, "DRAINING\n");
  EXPECT_EQ(Get("/healthz/live").status, 200);

  facts = {};
  EXPECT_EQ(Get("/ready").body, "PRE_INITIALIZING\n");
}

TEST_F(AdminPagesTest, AnUnwritableLogDegradesAndDoesNotFail) {
  facts.log_healthy = false;
  EXPECT_EQ(Get("/ready").status, 200);
  EXPECT_NE(Get("/ready").body.find("degraded"), std::string::npos);
}

TEST_F(AdminPagesTest, EachPortHasItsPages) {
  EXPECT_EQ(Ask("GET", "/healthz/ready", "", PageSet::kHealth).status, 200);
  EXPECT_EQ(Ask("GET", "/stats/prometheus", "", PageSet::kHealth).status, 404);
  EXPECT_EQ(Ask("GET", "/stats/prometheus", "", PageSet::kMetrics).status, 200);
  EXPECT_EQ(Ask("GET", "/config_dump", "", PageSet::kMetrics).status, 404);
  EXPECT_EQ(Ask("POST", "/drain", "", PageSet::kHealth).status, 404);
}

TEST_F(AdminPagesTest, AnUnknownPathShowsTheList) {
  const AdminAnswer answer = Get("/nope");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("/config_dump"), std::string::npos);
}

TEST_F(AdminPagesTest, WhatChangesStateWantsPost) {
  for (const AdminPage& page : AdminPages()) {
    if (!page.mutates) {
      EXPECT_EQ(Ask("POST", page.path).status, 405) << page.path;
    } else {
      EXPECT_EQ(Get(page.path).status, 400) << page.path;
      EXPECT_EQ(Ask("DELETE", page.path).status, 405) << page.path;
    }
  }
  EXPECT_EQ(did, "");
}

TEST_F(AdminPagesTest, ActionsReachTheApp) {
  EXPECT_EQ(Ask("POST", "/drain_listeners").status, 200);
  EXPECT_EQ(Ask("POST", "/drain", "graceful").status, 200);
  EXPECT_EQ(Ask("POST", "/healthcheck/fail").status, 200);
  EXPECT_EQ(Ask("POST", "/healthcheck/ok").status, 200);
  EXPECT_EQ(did, "drain drain-gracefully fail ok ");
}

TEST_F(AdminPagesTest, ForeignNamesAndForeignSitesAreRefused) {
  for (const char* good : {"localhost", "LOCALHOST:15000", "127.0.0.1", "[::1]:15000", "10.1.2.3:15000", ""}) {
    authority = good;
    EXPECT_EQ(Get("/ready").status, 200) << good;
  }
  for (const char* bad : {"evil.example", "evil.example:15000", "127.0.0.1.evil.example", "[evil]", "localhost.evil"}) {
    authority = bad;
    EXPECT_EQ(Get("/ready").status, 403) << bad;
  }
  authority = "127.0.0.1:15000";
  origin = "http://evil.example";
  EXPECT_EQ(Ask("POST", "/drain").status, 403);
  origin = "null";
  EXPECT_EQ(Ask("POST", "/drain").status, 403);
  origin = "http://127.0.0.1:15000";
  EXPECT_EQ(Ask("POST", "/drain").status, 200);
}

TEST_F(AdminPagesTest, MetricsHaveEveryRequest) {
  shard.OnExchange(scenario.Answered(scenario.v47()));
  for (const char* path : {"/metrics", "/stats/prometheus"}) {
    const AdminAnswer answer = Get(path);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(answer.body.find("inference_latency_seconds_count{model_version=\"v47\"} 1"), std::string::npos);
  }
}

TEST_F(AdminPagesTest, StatsCarryEnvoysNames) {
  shard.OnExchange(scenario.Answered(scenario.v47(), 503));
  scenario.v47().state->counters.upstream_rq_class[4] = 1;

  const std::string text = Get("/stats").body;

  const std::string cluster = "cluster.outbound|8000|v47|ranking.ml.svc.cluster.local.";
  EXPECT_NE(text.find("\n" + cluster + "upstream_rq_503: 1\n"), std::string::npos);
  EXPECT_NE(text.find("\n" + cluster + "upstream_rq_5xx: 1\n"), std::string::npos);
  EXPECT_NE(text.find("\n" + cluster + "outlier_detection.ejections_active: 0\n"), std::string::npos);
  EXPECT_NE(text.find("\n" + cluster + "circuit_breakers.default.cx_open: 0\n"), std::string::npos);
  EXPECT_NE(text.find("\nhttp.ingress_http.downstream_rq_5xx: 1\n"), std::string::npos);
  EXPECT_NE(text.find("\nserver.live: 1\n"), std::string::npos);
}

TEST_F(AdminPagesTest, StatsAreFilteredAndComeAsJson) {
  EXPECT_EQ(Get("/stats", "filter=%5Eserver%5C.live%24").body, "server.live: 1\n");
  EXPECT_EQ(Get("/stats", "filter=server.live&usedonly&format=json").body,
            "{\"stats\":[{\"name\":\"server.live\",\"value\":1.0}]}\n");
  EXPECT_EQ(Get("/stats", "filter=(").status, 400);
  EXPECT_EQ(Get("/stats", "usedonly").body.find(": 0\n"), std::string::npos);
}

TEST_F(AdminPagesTest, ClustersShowLimitsAndEndpoints) {
  scenario.v47().pool.max_connections = 100;
  scenario.v47().endpoints[0].state->ejected = true;
  scenario.v47().endpoints[0].state->requests_total = 12;
  scenario.v47().endpoints[0].state->http1_only = true;

  const std::string text = Get("/clusters").body;
  const nlohmann::json json = nlohmann::json::parse(Get("/clusters", "format=json").body);

  const std::string cluster = "outbound|8000|v47|ranking.ml.svc.cluster.local::";
  EXPECT_NE(text.find(cluster + "default_priority::max_connections::100\n"), std::string::npos);
  EXPECT_NE(text.find(cluster + "127.0.0.1:9147::rq_total::12\n"), std::string::npos);
  EXPECT_NE(text.find(cluster + "127.0.0.1:9147::health_flags::/failed_outlier_check\n"), std::string::npos);
  EXPECT_NE(text.find("::127.0.0.1:9145::health_flags::healthy\n"), std::string::npos);
  EXPECT_NE(text.find(cluster + "127.0.0.1:9147::http1_only::true\n"), std::string::npos);
  EXPECT_NE(text.find("::127.0.0.1:9145::http1_only::false\n"), std::string::npos);
  const nlohmann::json& host = json["cluster_statuses"][1]["host_statuses"][0];
  EXPECT_EQ(host["http1_only"], true);
  EXPECT_EQ(host["health_status"]["failed_outlier_check"], true);
  EXPECT_EQ(host["address"]["socket_address"]["address"], "127.0.0.1");
}

TEST_F(AdminPagesTest, ConfigDumpTellsTheWorldAndWhatWasRefused) {
  core::Route route;
  route.id = core::RouteId{0};
  route.name = "default";
  core::Forward forward;
  forward.destinations.push_back({});
  forward.destinations[0].host = "ranking.ml.svc.cluster.local";
  forward.destinations[0].subset = "v47";
  forward.destinations[0].weight = 100;
  route.action = std::move(forward);
  route.headers.request.set = {{"authorization", "Bearer abc123"}, {"x-team", "ml"}};
  scenario.snapshot().routes.push_back(route);
  core::VirtualHost host;
  host.name = "ranking";
  host.hosts = {"ranking"};
  host.routes = {core::RouteId{0}};
  scenario.snapshot().route_table.Build({host}, scenario.snapshot().routes);
  auto rejected = std::make_shared<RejectedConfig>();
  rejected->findings.push_back(
      {config::Severity::kError, "SL0001", "unknown field 'wieght'", "write weight", {"rules.yaml", {12, 5}}});
  facts.rejected = rejected;

  const std::string body = Get("/config_dump").body;
  const nlohmann::json json = nlohmann::json::parse(body);

  EXPECT_EQ(json["generation"], 1);
  EXPECT_EQ(json["revision"], "1f3a9c");
  EXPECT_EQ(json["clusters"][1]["endpoints"][0]["address"], "127.0.0.1:9147");
  const nlohmann::json& shown = json["virtual_hosts"][0]["routes"][0];
  EXPECT_EQ(shown["forward"]["destinations"][0]["subset"], "v47");
  EXPECT_EQ(shown["headers"]["request"]["set"]["x-team"], "ml");
  EXPECT_EQ(body.find("abc123"), std::string::npos);
  EXPECT_EQ(json["last_rejected"]["findings"][0]["line"], 12);
}

TEST_F(AdminPagesTest, BeforeTheFirstConfigurationPagesAreEmptyNotBroken) {
  context.snapshot = [](void*) { return std::shared_ptr<const core::Snapshot>(); };
  EXPECT_TRUE(nlohmann::json::parse(Get("/config_dump").body)["last_rejected"].is_null());
  EXPECT_EQ(Get("/clusters").body, "");
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(Get("/server_info").status, 200);
}

TEST_F(AdminPagesTest, ServerInfoAndListeners) {
  const nlohmann::json info = nlohmann::json::parse(Get("/server_info").body);
  EXPECT_EQ(info["state"], "LIVE");
  EXPECT_EQ(info["uptime_current_epoch"], "61s");
  EXPECT_EQ(Get("/listeners").body, "http::0.0.0.0:8080\n");
}

TEST_F(AdminPagesTest, LogLevelsAreShownAndChanged) {
  ASSERT_TRUE(StartLogging("info"));
  EXPECT_NE(Ask("POST", "/logging", "config=debug").body.find("  config: debug\n"), std::string::npos);
  EXPECT_NE(Ask("POST", "/logging", "paths=net:error,main:warning").body.find("  net: error\n"), std::string::npos);
  EXPECT_NE(Ask("POST", "/logging", "level=info").body.find("  net: info\n"), std::string::npos);
  EXPECT_EQ(Ask("POST", "/logging", "level=loud").status, 400);
  EXPECT_EQ(Ask("POST", "/logging", "paths=net").status, 400);
  EXPECT_EQ(Ask("POST", "/logging").status, 200);
}

TEST_F(AdminPagesTest, TheOverviewEscapesNames) {
  scenario.v45().name = "<script>alert('x')</script>";
  const AdminAnswer answer = Get("/");
  EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(answer.body.find("<script>"), std::string::npos);
  EXPECT_NE(answer.body.find("&lt;script&gt;"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

#include "config/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "config/utf8.h"
#include "tests/config/config_support.h"
#include "tests/support/temporary_directory.h"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

std::string Vector(const std::string& name) { return "tests/vectors/yaml/" + name; }

bool Has(const Loaded& loaded, const std::string& code) {
  return std::ranges::find(loaded.findings, code, &Finding::code) != loaded.findings.end();
}

class SeedManifest : public testing::TestWithParam<const char*> {};

TEST_P(SeedManifest, LoadsAloneWithWarningsOnly) {
  const Loaded loaded = Load({{Vector(GetParam())}, "default"});

  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  EXPECT_NE(Compile(*loaded.documents, {}), nullptr);
}

INSTANTIATE_TEST_SUITE_P(All, SeedManifest,
                         testing::Values("virtual-service.yaml", "destination-rule.yaml", "circuit-breaker.yaml",
                                         "mirror.yaml", "ab-test.yaml", "canary.yaml"));

TEST(Loader, TheArticlesControllerIsACanaryOfItsRules) {
  const Loaded loaded = Load({{Vector("service-entry.yaml"), Vector("destination-rule.yaml"),
                               Vector("virtual-service.yaml"), Vector("canary.yaml")},
                              "default"});

  ASSERT_TRUE(loaded.ok) << TextOf(loaded);
  EXPECT_FALSE(Has(loaded, "SL2060")) << TextOf(loaded);
  const auto snapshot = Compile(*loaded.documents, {});
  const auto& split = std::get<core::Forward>(snapshot->routes.at(1).action).destinations;
  EXPECT_EQ(snapshot->meters.at(split.at(0).meter.value).name, "canary/ml-serving/ranking-v47/champion");
  EXPECT_EQ(snapshot->meters.at(split.at(1).meter.value).name, "canary/ml-serving/ranking-v47/challenger");
}

TEST(Loader, ArticleRulesCompileToClustersAndRoutes) {
  const Loaded loaded = Load(
      {{Vector("service-entry.yaml"), Vector("destination-rule.yaml"), Vector("virtual-service.yaml")}, "default"});
  ASSERT_TRUE(loaded.ok) << TextOf(loaded);

  const auto snapshot = Compile(*loaded.documents, {});

  const std::string host = "content-ranking-svc.ml-serving.svc.cluster.local";
  const core::ClusterId v45 = snapshot->FindCluster(host, 8000, "v45");
  ASSERT_TRUE(v45.valid());
  const core::Cluster& cluster = snapshot->clusters[v45.value];
  EXPECT_EQ(cluster.name, "outbound|8000|v45|" + host);
  ASSERT_EQ(cluster.endpoints.size(), 1U);
  EXPECT_EQ(cluster.endpoints[0].host_port, "127.0.0.1:9145");
  EXPECT_EQ(cluster.endpoints[0].version, "v45");
  EXPECT_EQ(cluster.pool.max_pending_requests, 50U);
  EXPECT_EQ(cluster.pool.max_connections, core::ConnectionPoolPolicy::kUnlimited);  // the block was replaced
  EXPECT_EQ(cluster.outlier->consecutive_5xx, 5U);                                  // the block was inherited
  ASSERT_EQ(snapshot->routes.size(), 2U);
  const auto& split = std::get<core::Forward>(snapshot->routes[1].action);
  ASSERT_EQ(split.destinations.size(), 2U);
  EXPECT_EQ(split.destinations[0].cumulative, 90U);
  EXPECT_EQ(split.destinations[1].cumulative, 100U);
  EXPECT_EQ(split.timeout, core::Milliseconds(200));
  EXPECT_EQ(split.retry.attempts, 2U);
  for (const char* name :
       {"content-ranking-svc", "content-ranking-svc.ml-serving", "content-ranking-svc.ml-serving.svc",
        "content-ranking-svc.ml-serving.svc.cluster.local:8080"}) {
    EXPECT_NE(snapshot->route_table.FindHost(name), nullptr) << name;
  }
}

TEST(Loader, WarnsOfTheTimeBudgetWithItsArithmetic) {
  const Loaded loaded = Load({{Vector("virtual-service.yaml")}, "default"});

  const auto found = std::ranges::find(loaded.findings, "SL2003", &Finding::code);
  ASSERT_NE(found, loaded.findings.end()) << TextOf(loaded);
  EXPECT_NE(found->message.find("3 tries of 80ms take up to 240ms"), std::string::npos) << found->message;
}

TEST(Loader, OneIdentityTwiceIsAnError) {
  const Loaded loaded = Load({{Vector("circuit-breaker.yaml"), Vector("destination-rule.yaml")}, "default"});

  EXPECT_FALSE(loaded.ok);
  EXPECT_TRUE(Has(loaded, "SL1104")) << TextOf(loaded);
}

TEST(Loader, ListsThatFillAFileAreReadToTheirEnd) {
  std::string hosts =
      "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: many}\nspec:\n"
      "  http: [{directResponse: {status: 200}}]\n  hosts:\n";
  for (int i = 0; hosts.size() < 1'000'000; ++i) hosts += "  - h" + std::to_string(i) + "\n";

  const Loaded loaded = LoadText(hosts);

  EXPECT_TRUE(loaded.ok) << TextOf(loaded).substr(0, 1000);
  EXPECT_GT(loaded.documents->virtual_services.at(0).hosts.size(), 90'000U);
}

TEST(Loader, AStraySignOfAListOrMapIsAnErrorAtItsPlace) {
  for (const char sign : {',', ']', '}'}) {
    const Loaded loaded = LoadText(std::string("a: b\n---\n") + sign + "\n");
    EXPECT_FALSE(loaded.ok);
    EXPECT_TRUE(Says(loaded, "rules.yaml:3:1: error SL1007")) << TextOf(loaded);
  }
}

TEST(Loader, WhatAMessageQuotesNeitherBreaksItsLineNorItsText) {
  const Loaded lines = LoadText(kService + "apiVersion: \"a\\nb\"\nkind: VirtualService\n\"k\\ney\": 1\n");
  const Loaded halves = LoadText("kind: " + std::string(79, 'a') + "\xc3\xa9\n");

  EXPECT_FALSE(lines.ok);
  for (const Finding& finding : lines.findings) EXPECT_EQ(FormatFinding(finding).find('\n'), std::string::npos);
  EXPECT_FALSE(halves.ok);
  for (const Finding& finding : halves.findings) EXPECT_EQ(FindInvalidUtf8(finding.message), std::nullopt);
}

TEST(Loader, ATargetThatNoRequestLineCanCarryIsRefused) {
  for (const std::string_view given :
       {R"(rewrite: {uri: "/a b"})", R"(rewrite: {authority: "a b"})",
        R"(rewrite: {uriRegexRewrite: {match: "x", rewrite: "a\nb"}})", R"(rewrite: {uri: "/a\tb"})"}) {
    const std::string action(given);
    const Loaded loaded = LoadText(WithRules("  - " + action + "\n    route: [{destination: {host: ranking}}]\n"));
    EXPECT_FALSE(loaded.ok) << action;
    EXPECT_TRUE(Says(loaded, "holds blanks or control characters")) << TextOf(loaded);
  }
}

TEST(Loader, NothingThatIsNoYamlTextCrashesIt) {
  const TemporaryDirectory directory;
  const fs::path huge = directory.Write("huge.yaml", "");
  fs::resize_file(huge, 100ULL << 20);
  const std::string bomb = R"(
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c]
)";
  std::string deep;
  for (std::size_t i = 0; i < 100; ++i) deep.append(i, ' ').append("a:\n");
  const fs::path empty_directory = directory.path() / "none";
  fs::create_directory(empty_directory);
  const struct {
    std::string path;
    std::string code;
  } cases[] = {
      {huge, "SL1002"},
      {directory.Write("bomb.yaml", bomb), "SL1008"},
      {directory.Write("binary.yaml", std::string("\x7f"
                                                  "ELF\0\0",
                                                  6)),
       "SL1003"},
      {directory.Write("empty.yaml", ""), "SL1004"},
      {directory.Write("comment.yaml", "# nothing\n---\n"), "SL1004"},
      {directory.Write("twice.yaml", "kind: A\nkind: B\n"), "SL1009"},
      {directory.Write("broken.yaml", "a: [1,\nb: }\n"), "SL1007"},
      {directory.Write("deep.yaml", deep), "SL1010"},
      {empty_directory, "SL1006"},
      {(directory.path() / "missing.yaml").string(), "SL1001"},
      {"/dev/null", "SL1005"},
  };

  for (const auto& one : cases) {
    const Loaded loaded = Load({{one.path}, "default"});
    EXPECT_FALSE(loaded.ok) << one.path;
    EXPECT_TRUE(Has(loaded, one.code)) << one.path << "\n" << TextOf(loaded);
  }
}

TEST(Loader, RouteTestsMayLieAmongTheRulesAndArePassedOver) {
  const Loaded loaded = LoadText(kService + "apiVersion: sluice.dev/v1alpha1\nkind: RouteTest\nspec: {anything: 1}\n");

  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  EXPECT_FALSE(Says(loaded, "RouteTest"));
  EXPECT_TRUE(Says(LoadText("apiVersion: sluice.dev/v1alpha1\nkind: RouteTset\nmetadata: {name: a}\nspec: {}\n"),
                   "did you mean `RouteTest`?"));
}

}  // namespace
}  // namespace sluice::config

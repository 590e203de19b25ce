// Who speaks for a host, and under which names it is reached.
#include "config/host_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

std::string Entry(const std::string& name, const std::string& name_space, const std::string& host) {
  return "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: " + name +
         ", namespace: " + name_space + "}\nspec: {hosts: [\"" + host +
         "\"], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: "
         "10.0.0.1}]}\n";
}

std::string Rules(const std::string& name, const std::string& hosts, const std::string& more = "") {
  return "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: " + name +
         "}\nspec: {hosts: " + hosts + ", " + more + "http: [{directResponse: {status: 200}}]}\n";
}

struct Planned {
  Loaded loaded;
  ServiceCatalog catalog;
  HostPlan plan;

  explicit Planned(const std::string& text)
      : loaded(LoadText(text)), catalog(*loaded.documents), plan(PlanHosts(*loaded.documents, catalog)) {
    EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  }

  const PlannedHost* Find(const std::string& fqdn) const {
    const auto found = std::ranges::find(plan.hosts, fqdn, &PlannedHost::fqdn);
    return found == plan.hosts.end() ? nullptr : &*found;
  }
};

TEST(HostPlan, ServiceWithoutRulesIsAHostOfItsOwn) {
  const Planned planned(Entry("a", "ml", "ranking"));

  const PlannedHost* host = planned.Find("ranking.ml.svc.cluster.local");
  ASSERT_NE(host, nullptr);
  EXPECT_TRUE(host->services.empty());
  EXPECT_NE(host->service, nullptr);
  EXPECT_EQ(host->names,
            (std::vector<std::string>{"ranking.ml.svc.cluster.local", "ranking.ml.svc", "ranking.ml", "ranking"}));
}

TEST(HostPlan, RulesOfOneHostStandInDocumentOrder) {
  const Planned planned(Rules("b", "[ranking]") + Rules("a", "[ranking.default.svc.cluster.local]"));

  const PlannedHost* host = planned.Find("ranking.default.svc.cluster.local");
  ASSERT_NE(host, nullptr);
  ASSERT_EQ(host->services.size(), 2U);
  EXPECT_EQ(host->services[0]->meta.name, "b");
}

TEST(HostPlan, ServiceUnderAWildcardOfRulesHasNoRouteOfItsOwn) {
  const Planned planned(Entry("a", "ml", "api.example.com") + Rules("w", "[\"*.example.com\"]"));

  EXPECT_EQ(planned.Find("api.example.com"), nullptr);
  EXPECT_NE(planned.Find("*.example.com"), nullptr);
}

TEST(HostPlan, RulesForOtherGatewaysOnlyAreNoHosts) {
  EXPECT_TRUE(AppliesTo({}, {}));
  EXPECT_TRUE(AppliesTo({{"other", "ns/other", {}}, {"mesh", "mesh", {}}}, {}));
  EXPECT_FALSE(AppliesTo({{"other", "ns/other", {}}}, {}));
  EXPECT_TRUE(AppliesTo({{"other", "ns/other", {}}}, {"ns/other", nullptr}));
  EXPECT_FALSE(AppliesTo({{"other", "ns/other", {}}}, {"ns/another", nullptr}));
  EXPECT_TRUE(AppliesTo({}, {"ns/another", nullptr}));
}

TEST(HostPlan, BareNameOfTwoNamespacesLeadsToTheGatewaysOwnElseTheFirst) {
  const Planned own(Entry("a", "other", "ranking") + Entry("b", "default", "ranking"));
  const Planned first(Entry("a", "one", "ranking") + Entry("b", "two", "ranking"));

  ASSERT_EQ(own.plan.conflicts.size(), 1U);
  EXPECT_EQ(own.plan.conflicts[0].winner, "ranking.default.svc.cluster.local");
  ASSERT_EQ(first.plan.conflicts.size(), 1U);
  EXPECT_EQ(first.plan.conflicts[0].winner, "ranking.one.svc.cluster.local");
}

TEST(HostPlan, NameWrittenOutGoesBeforeAnAlias) {
  const Planned planned(Entry("a", "ml", "ranking") + Rules("r", "[ranking.ml]"));

  EXPECT_TRUE(std::ranges::count(planned.Find("ranking.ml")->names, "ranking.ml"));
  EXPECT_FALSE(std::ranges::count(planned.Find("ranking.ml.svc.cluster.local")->names, "ranking.ml"));
}

TEST(HostPlan, OnlyAMatchOfEverythingIsACatchAll) {
  const auto item = [](const std::string& match) {
    const Loaded loaded = LoadText(WithRules("  - match: [" + match + "]\n    directResponse: {status: 200}\n"));
    EXPECT_TRUE(loaded.ok) << TextOf(loaded);
    return loaded.documents->virtual_services.at(0).http.at(0).matches.at(0);
  };

  for (const char* all : {"{uri: {prefix: /}}", "{uri: {regex: \".*\"}}", "{name: all}", "{uri: {prefix: \"\"}}"}) {
    EXPECT_TRUE(IsCatchAll(item(all))) << all;
  }
  for (const char* some :
       {"{uri: {prefix: /a}}", "{uri: {exact: /}}", "{uri: {regex: \"/.*\"}}",
        "{uri: {prefix: /}, method: {exact: GET}}", "{port: 80}", "{headers: {x: {}}}", "{withoutHeaders: {x: {}}}",
        "{queryParams: {x: {}}}", "{authority: {exact: a}}", "{scheme: {exact: http}}"}) {
    EXPECT_FALSE(IsCatchAll(item(some))) << some;
  }
}

TEST(HostPlan, ConditionsOnTheProxyAreAskedOfThisGateway) {
  core::Settings::Identity identity;
  identity.name_space = "ml";
  identity.labels = {{"app", "gateway"}, {"tier", "edge"}};
  const auto applies = [&](MatchItem item) { return ItemApplies(item, identity); };

  EXPECT_TRUE(applies({}));
  EXPECT_TRUE(
      applies({.match = {}, .gateways = {"other", "mesh"}, .source_labels = {}, .source_namespace = "x", .mark = {}}));
  EXPECT_FALSE(applies({.match = {}, .gateways = {"other"}, .source_labels = {}, .source_namespace = "", .mark = {}}));
  EXPECT_TRUE(applies(
      {.match = {}, .gateways = {}, .source_labels = {{"app", "gateway"}}, .source_namespace = "ml", .mark = {}}));
  EXPECT_FALSE(
      applies({.match = {}, .gateways = {}, .source_labels = {{"app", "x"}}, .source_namespace = "", .mark = {}}));
  EXPECT_FALSE(applies({.match = {}, .gateways = {}, .source_labels = {}, .source_namespace = "x", .mark = {}}));
}

}  // namespace
}  // namespace sluice::config

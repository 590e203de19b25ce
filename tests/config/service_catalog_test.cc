// Services with their pooled endpoints, and the DestinationRule that each of them follows.
#include "config/service_catalog.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

std::string Entry(const std::string& name, const std::string& host, const std::string& ports,
                  const std::string& endpoints) {
  return "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: " + name +
         ", namespace: ml}\nspec: {hosts: [" + host + "], ports: " + ports +
         ", resolution: STATIC, endpoints: " + endpoints + "}\n";
}

std::string Ranking() { return Entry("a", "ranking", "[{number: 80, name: http}]", "[{address: 10.0.0.1}]"); }

std::string Rule(const std::string& name, const std::string& name_space, const std::string& host,
                 const std::string& more) {
  return "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: " + name +
         ", namespace: " + name_space + "}\nspec: {host: \"" + host + "\", " + more + "}\n";
}

const std::string kFqdn = "ranking.ml.svc.cluster.local";

struct Catalog {
  Loaded loaded;
  ServiceCatalog catalog;

  explicit Catalog(const std::string& text) : loaded(LoadText(text)), catalog(*loaded.documents) {
    EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  }
  const Service& ranking() const { return *catalog.Find(kFqdn); }
  std::string RuleName() const { return ranking().rule == nullptr ? "" : ranking().rule->first->meta.name; }
};

TEST(ServiceCatalog, EntriesOfOneHostPoolTheirEndpoints) {
  const Catalog two(
      Entry("a", "ranking", "[{number: 80, name: http}]", "[{address: 10.0.0.1}]") +
      Entry("b", kFqdn, "[{number: 80, name: web, targetPort: 8080}, {number: 81, name: x}]", "[{address: 10.0.0.2}]"));

  EXPECT_EQ(two.catalog.services().size(), 1U);
  ASSERT_EQ(two.ranking().endpoints.size(), 2U);
  EXPECT_EQ(two.ranking().ports.size(), 2U);
  EXPECT_EQ(two.ranking().endpoints[0].PortFor(80), 80);
  EXPECT_EQ(two.ranking().endpoints[0].PortFor(81), 0);  // the first entry has no such port
  EXPECT_EQ(two.ranking().endpoints[1].PortFor(80), 8080);
}

TEST(ServiceCatalog, ASubsetHasTheEndpointsWithAllOfItsLabelsInTheirOrder) {
  const Catalog labels(
      Entry(
          "a", "ranking", "[{number: 80, name: http}]",
          "[{address: 10.0.0.1, labels: {version: v1, zone: a}}, {address: 10.0.0.2, labels: {version: v2, zone: a}}, "
          "{address: 10.0.0.3}, {address: 10.0.0.4, labels: {version: v1, zone: b}}]") +
      Entry("b", "ranking", "[{number: 80, name: http}]", "[{address: 10.0.0.5, labels: {zone: a, version: v1}}]"));
  const auto addresses = [&](const core::Labels& wanted) {
    Subset subset;
    subset.labels = wanted;
    std::string found;
    for (const ServiceEndpoint* endpoint : labels.ranking().EndpointsOf(&subset)) {
      found += endpoint->endpoint->address.substr(7);
    }
    return found;
  };

  EXPECT_EQ(addresses({{"version", "v1"}}), "145");
  EXPECT_EQ(addresses({{"zone", "a"}}), "125");
  EXPECT_EQ(addresses({{"version", "v1"}, {"zone", "a"}}), "15");
  EXPECT_EQ(addresses({{"version", "v2"}, {"zone", "b"}}), "");
  EXPECT_EQ(addresses({{"version", "v3"}}), "");
  EXPECT_EQ(addresses({}), "12345");
  EXPECT_EQ(labels.ranking().EndpointsOf(nullptr).size(), 5U);
}

TEST(ServiceCatalog, AServiceKnowsWhetherNamesHaveToBeResolved) {
  EXPECT_FALSE(Catalog(Ranking()).ranking().has_names);
  const Catalog names(
      "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a, namespace: ml}\n"
      "spec: {hosts: [ranking], ports: [{number: 80, name: http}], resolution: DNS, "
      "endpoints: [{address: 10.0.0.1}, {address: model.example}]}\n");
  EXPECT_TRUE(names.ranking().has_names);
}

TEST(ServiceCatalog, OwnPortGoesBeforeTheTargetPortAndThatBeforeTheNumber) {
  const Catalog ports(Entry("a", "ranking", "[{number: 80, name: http, targetPort: 8080}, {number: 81, name: plain}]",
                            "[{address: 10.0.0.1, ports: {http: 9000}}, {address: 10.0.0.2}]"));

  EXPECT_EQ(ports.ranking().endpoints[0].PortFor(80), 9000);
  EXPECT_EQ(ports.ranking().endpoints[0].PortFor(81), 81);
  EXPECT_EQ(ports.ranking().endpoints[1].PortFor(80), 8080);
}

TEST(ServiceCatalog, GatewaysNamespaceGoesBeforeTheServicesAndThatBeforeTheRoot) {
  const std::string own = Rule("own", "default", kFqdn, "trafficPolicy: {loadBalancer: {simple: RANDOM}}");
  const std::string service = Rule("service", "ml", "ranking", "trafficPolicy: {loadBalancer: {simple: RANDOM}}");
  const std::string root = Rule("root", "istio-system", kFqdn, "trafficPolicy: {loadBalancer: {simple: RANDOM}}");
  const std::string stranger = Rule("stranger", "far", kFqdn, "trafficPolicy: {loadBalancer: {simple: RANDOM}}");

  EXPECT_EQ(Catalog(Ranking() + root + service + own + stranger).RuleName(), "own");
  EXPECT_EQ(Catalog(Ranking() + root + service + stranger).RuleName(), "service");
  EXPECT_EQ(Catalog(Ranking() + root + stranger).RuleName(), "root");
  EXPECT_EQ(Catalog(Ranking() + stranger).RuleName(), "");
}

TEST(ServiceCatalog, ExactHostGoesBeforeTheMostSpecificWildcard) {
  const std::string policy = "trafficPolicy: {loadBalancer: {simple: RANDOM}}";
  const std::string wide = Rule("wide", "ml", "*", policy) + Rule("local", "ml", "*.local", policy);
  const std::string near = Rule("near", "ml", "*.ml.svc.cluster.local", policy);

  EXPECT_EQ(Catalog(Ranking() + wide).RuleName(), "local");
  EXPECT_EQ(Catalog(Ranking() + wide + near).RuleName(), "near");
  EXPECT_EQ(Catalog(Ranking() + wide + near + Rule("exact", "ml", "ranking", policy)).RuleName(), "exact");
}

TEST(ServiceCatalog, RulesOfOneHostAndNamespaceAreMergedFirstPolicyKept) {
  const Catalog merged(
      Ranking() + Rule("a", "ml", "ranking", "subsets: [{name: v1, labels: {v: a}}]") +
      Rule("b", "ml", "ranking",
           "trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {v: b}}, {name: v2}]") +
      Rule("c", "ml", "ranking", "trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}"));

  const MergedRule& rule = *merged.ranking().rule;
  ASSERT_EQ(rule.subsets.size(), 2U);
  EXPECT_EQ(rule.FindSubset("v1")->labels, (core::Labels{{"v", "a"}}));
  EXPECT_EQ(rule.policy->load_balancer->policy, core::LbPolicy::kRandom);
  EXPECT_EQ(rule.FindSubset("v3"), nullptr);
}

TEST(ServiceCatalog, SubsetInheritsBlocksItDoesNotSetAndReplacesThoseItDoes) {
  const Catalog catalog(Ranking() + Rule("a", "ml", "ranking", R"(
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}, outlierDetection: {interval: 1s}, retryBudget: {percent: 5}},
  subsets: [{name: v1, trafficPolicy: {connectionPool: {http: {http1MaxPendingRequests: 3}}}}, {name: v2}])"));

  const EffectivePolicy v1 = PolicyFor(catalog.ranking(), 80, catalog.ranking().rule->FindSubset("v1"));
  const EffectivePolicy v2 = PolicyFor(catalog.ranking(), 80, catalog.ranking().rule->FindSubset("v2"));
  const EffectivePolicy whole = PolicyFor(catalog.ranking(), 80, nullptr);

  EXPECT_EQ(v1.pool->max_pending_requests, 3U);
  EXPECT_EQ(v1.pool->max_connections, core::ConnectionPoolPolicy::kUnlimited);
  EXPECT_EQ(v1.outlier, whole.outlier);
  EXPECT_EQ(v1.retry_budget, whole.retry_budget);
  EXPECT_EQ(v2.pool, whole.pool);
  EXPECT_EQ(whole.pool->max_connections, 7U);
}

TEST(ServiceCatalog, PortEntryReplacesAllBlocksOnEitherLevel) {
  const Catalog catalog(Ranking() + Rule("a", "ml", "ranking", R"(
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}, loadBalancer: {simple: RANDOM},
    portLevelSettings: [{port: {number: 80}, outlierDetection: {interval: 1s}}]},
  subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}},
            {name: v2, trafficPolicy: {portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: 9}}}]}}])"));
  const auto policy = [&](const char* subset, std::uint16_t port) {
    return PolicyFor(catalog.ranking(), port, catalog.ranking().rule->FindSubset(subset));
  };

  EXPECT_EQ(policy("", 80).pool, nullptr);
  EXPECT_EQ(policy("", 80).load_balancer, nullptr);
  EXPECT_NE(policy("", 80).outlier, nullptr);
  EXPECT_NE(policy("", 81).pool, nullptr);
  EXPECT_NE(policy("v1", 80).outlier, nullptr);  // of the rule's port entry
  EXPECT_EQ(policy("v1", 80).load_balancer->policy, core::LbPolicy::kRoundRobin);
  EXPECT_EQ(policy("v1", 80).pool, nullptr);
  EXPECT_EQ(policy("v2", 80).pool->max_connections, 9U);
  EXPECT_EQ(policy("v2", 80).outlier, nullptr);
}

TEST(ServiceCatalog, EndpointBelongsToASubsetWithAllItsLabels) {
  const core::Labels endpoint = {{"app", "ranking"}, {"version", "v1"}};

  EXPECT_TRUE(HasLabels(endpoint, {}));
  EXPECT_TRUE(HasLabels(endpoint, {{"version", "v1"}}));
  EXPECT_FALSE(HasLabels(endpoint, {{"version", "v2"}}));
  EXPECT_FALSE(HasLabels(endpoint, {{"tier", "edge"}, {"version", "v1"}}));
}

}  // namespace
}  // namespace sluice::config

#include "config/canary_route.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

std::string CanaryOn(const std::string& route, const std::string& more = "champion: v1, challenger: v2") {
  return "---\napiVersion: sluice.dev/v1alpha1\nkind: Canary\nmetadata: {name: c}\nspec: {virtualService: rules, "
         "route: " +
         route + ", " + more +
         ", stages: [{weight: 100, bake: 1m}], gates: {errorRate: {maxIncreasePercentagePoints: 1}}}\n";
}

const std::string kTwoRules = WithRules(
    "  - name: \"1\"\n    match: [{uri: {exact: /a}}]\n    route: [{destination: {host: ranking, subset: v1}}]\n"
    "  - name: split\n    route:\n    - {destination: {host: ranking, subset: v1}, weight: 100}\n"
    "    - {destination: {host: ranking, subset: v2}, weight: 0}\n");

TEST(CanaryRoute, ANameGoesBeforeAnIndex) {
  const Loaded loaded = LoadText(kTwoRules);
  const VirtualService& rules = *FindVirtualService(*loaded.documents, "default/rules");

  EXPECT_EQ(FindRule(rules, "split"), 1U);
  EXPECT_EQ(FindRule(rules, "0"), 0U);
  EXPECT_EQ(FindRule(rules, "1"), 0U);  // called so
  EXPECT_EQ(FindRule(rules, "2"), std::nullopt);
  EXPECT_EQ(FindRule(rules, ""), std::nullopt);
  EXPECT_EQ(FindVirtualService(*loaded.documents, "other/rules"), nullptr);
}

TEST(CanaryRoute, ADestinationOfWeightZeroIsFound) {
  const Loaded loaded = LoadText(kTwoRules + CanaryOn("split"));

  const auto route = FindCanaryRoute(*loaded.documents, loaded.documents->canaries.at(0));

  ASSERT_TRUE(route.has_value()) << TextOf(loaded);
  EXPECT_EQ(route->rule().name, "split");
  EXPECT_EQ(route->FindDestination("v2")->weight, 0U);
  EXPECT_EQ(route->FindDestination("v3"), nullptr);
}

TEST(CanaryRoute, AVersionWithoutADestinationIsTold) {
  const Loaded loaded = LoadText(kTwoRules + CanaryOn("0"));

  EXPECT_TRUE(loaded.ok);
  EXPECT_TRUE(Says(loaded,
                   "warning SL2060 the rule has no destination of subset v2, so this canary cannot run; add it with "
                   "weight: 0"))
      << TextOf(loaded);
}

TEST(CanaryRoute, ARuleWithoutARouteIsToldOnce) {
  const Loaded loaded = LoadText(WithRules("  - name: all\n    timeout: 1s\n") + CanaryOn("all"));

  EXPECT_EQ(std::ranges::count(loaded.findings, Severity::kError, &Finding::severity), 1) << TextOf(loaded);
}

TEST(CanaryRoute, AVersionWithTwoDestinationsIsTold) {
  const Loaded loaded =
      LoadText(WithRules("  - name: all\n    route:\n    - {destination: {host: ranking, subset: v1}, weight: 50}\n"
                         "    - {destination: {host: ranking, subset: v2}, weight: 25}\n"
                         "    - {destination: {host: ranking, subset: v2, port: {number: 8000}}, weight: 25}\n") +
               CanaryOn("all"));

  EXPECT_TRUE(Says(loaded, "warning SL2060 the rule has 2 destinations of subset v2")) << TextOf(loaded);
}

TEST(CanaryRoute, VersionsOfTwoHostsAreTold) {
  const std::string other =
      "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: o}\nspec: {hosts: [other], ports: "
      "[{number: 80, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 127.0.0.1, labels: "
      "{version: "
      "v7}}]}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: o}\nspec: {host: "
      "other, "
      "subsets: [{name: v7, labels: {version: v7}}]}\n---\n";
  const Loaded loaded =
      LoadText(other +
               WithRules("  - name: all\n    route:\n    - {destination: {host: ranking, subset: v1}, weight: 50}\n"
                         "    - {destination: {host: other, subset: v7}, weight: 50}\n") +
               CanaryOn("all", "champion: v1, challenger: v7"));

  EXPECT_TRUE(Says(loaded, "v1 is a version of ranking.default.svc.cluster.local and v7 one of other.default"))
      << TextOf(loaded);
}

TEST(CanaryRoute, AChallengerThatWaitsAtZeroIsNoUnusedSubset) {
  const Loaded without = LoadText(kTwoRules);
  const Loaded with = LoadText(kTwoRules + CanaryOn("split"));

  EXPECT_TRUE(Says(without, "info SL2046 weight 0 leaves subset v2"));
  EXPECT_EQ(TextOf(with), "");
}

TEST(CanaryRoute, BothVersionsHaveAMeterOnEveryRouteOfTheRule) {
  const Loaded loaded = LoadText(WithRules("  - match: [{uri: {prefix: /a}}, {uri: {prefix: /}}]\n    route:\n"
                                           "    - {destination: {host: ranking, subset: v1}, weight: 90}\n"
                                           "    - {destination: {host: ranking, subset: v2}, weight: 10}\n") +
                                 CanaryOn("0"));
  ASSERT_TRUE(loaded.ok) << TextOf(loaded);

  const auto snapshot = Compile(*loaded.documents, {});

  const Metadata& meta = loaded.documents->canaries.at(0).meta;
  ASSERT_EQ(snapshot->meters.size(), 2U);
  EXPECT_EQ(snapshot->meters[0].name, "canary/default/c/champion");
  EXPECT_EQ(snapshot->meters[1].name, "canary/default/c/challenger");
  EXPECT_EQ(snapshot->FindMeter(ChampionMeter(meta)), &snapshot->meters[0]);
  EXPECT_EQ(snapshot->FindMeter(ChallengerMeter(meta)), &snapshot->meters[1]);
  EXPECT_EQ(snapshot->FindMeter("canary/default/d/champion"), nullptr);
  ASSERT_EQ(snapshot->routes.size(), 2U);
  for (const core::Route& route : snapshot->routes) {
    const auto& destinations = std::get<core::Forward>(route.action).destinations;
    EXPECT_EQ(destinations.at(0).meter.value, 0U);
    EXPECT_EQ(destinations.at(1).meter.value, 1U);
  }
}

TEST(CanaryRoute, OtherRulesAreNotMeasured) {
  const Loaded loaded = LoadText(kTwoRules + CanaryOn("split"));

  const auto snapshot = Compile(*loaded.documents, {});

  const auto& other = std::get<core::Forward>(snapshot->routes.at(0).action).destinations;
  const auto& split = std::get<core::Forward>(snapshot->routes.at(1).action).destinations;
  EXPECT_FALSE(other.at(0).meter.valid());
  EXPECT_TRUE(split.at(0).meter.valid());
}

TEST(CanaryRoute, EveryArmHasAMeter) {
  const Loaded loaded =
      LoadText(kTwoRules +
               "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: ab}\nspec: {host: ranking, "
               "unit: {header: "
               "u}, arms: [{name: a, buckets: 0-9, subset: v1}, {name: b, buckets: 10-19, subset: v2}]}\n");
  ASSERT_TRUE(loaded.ok) << TextOf(loaded);

  const auto snapshot = Compile(*loaded.documents, {});

  const core::Experiment& experiment = snapshot->experiments.at(0);
  EXPECT_EQ(snapshot->meters.at(experiment.arms.at(0).meter.value).name, "experiment/default/ab/arm/a");
  EXPECT_EQ(snapshot->meters.at(experiment.arms.at(1).meter.value).name, "experiment/default/ab/arm/b");
}

}  // namespace
}  // namespace sluice::config

#include "gateway/store/semantic_diff.h"

#include <gtest/gtest.h>

#include "config/yaml_node.h"
#include "tests/gateway/store/store_support.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Texts = std::vector<std::string>;

Json FromYaml(const std::string& text) {
  config::Findings findings;
  return config::CanonicalBody(config::ToJson(config::ParseYaml(text, "x.yaml", findings).at(0)), "ml");
}

// The article's rules: a header rule for premium users, and a split with retries and a mirror.
const char* const kArticle = R"(
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: ranking}
spec:
  hosts: [ranking]
  http:
  - match: [{headers: {x-user-segment: {exact: premium}}}]
    route: [{destination: {host: ranking, subset: v47}, weight: 100}]
    timeout: 500ms
  - route:
    - {destination: {host: ranking, subset: v45}, weight: 90}
    - {destination: {host: ranking, subset: v47}, weight: 10}
    mirror: {host: ranking, subset: v43}
    mirrorPercentage: {value: 5.0}
    timeout: 200ms
    retries: {attempts: 2, perTryTimeout: 80ms}
)";

Json Article() { return FromYaml(kArticle); }

Texts Diff(const Json& before, const Json& after) {
  LiveObject was;
  LiveObject is;
  was.body = before;
  is.body = after;
  Texts lines = Summarize({{.key = Key("r"), .before = was, .after = is}});
  for (std::string& line : lines) line = line.substr(std::string("VirtualService ml/r: ").size());
  return lines;
}

TEST(SemanticDiff, TellsWeightsAsShares) {
  Json after = Article();
  after["spec"]["http"][1]["route"][0]["weight"] = 75;
  after["spec"]["http"][1]["route"][1]["weight"] = 25;
  EXPECT_EQ(Diff(Article(), after), (Texts{"route #1: v45 90 % -> 75 %, v47 10 % -> 25 %"}));
}

TEST(SemanticDiff, ADestinationThatComesOrGoesHadOrHasNothing) {
  Json after = Article();
  after["spec"]["http"][1]["route"] = Json::array({{{"destination", {{"host", "ranking"}, {"subset", "v48"}}}}});
  EXPECT_EQ(Diff(Article(), after), (Texts{"route #1: v48 0 % -> 100 %, v45 90 % -> 0 %, v47 10 % -> 0 %"}));
}

TEST(SemanticDiff, TellsFieldsOfARuleAndRulesThatComeAndGo) {
  Json after = Article();
  after["spec"]["http"][1]["timeout"] = "1s";
  after["spec"]["http"][1]["retries"]["attempts"] = 1;
  after["spec"]["http"].erase(0);
  after["spec"]["http"].push_back({{"name", "last"}, {"redirect", {{"uri", "/x"}}}});
  EXPECT_EQ(Diff(Article(), after), (Texts{"route #0: retries.attempts: 2 -> 1", "route #0: timeout: 200ms -> 1s",
                                           "route #0 is gone", "route last is new"}));
}

TEST(SemanticDiff, TellsOrderAndNames) {
  Json before = Article();
  before["spec"]["http"][0]["name"] = "premium";
  before["spec"]["http"][1]["name"] = "default";
  Json after = before;
  std::swap(after["spec"]["http"][0], after["spec"]["http"][1]);
  EXPECT_EQ(Diff(before, after), (Texts{"routes are in another order"}));
}

TEST(SemanticDiff, ObjectsAreCreatedAndDeleted) {
  EXPECT_EQ(Summarize({Put("a", 1), Drop("b")}),
            (Texts{"VirtualService ml/a: created", "VirtualService ml/b: deleted"}));
}

TEST(SemanticDiff, ListsOfNamedThingsAreComparedByName) {
  const Json before = {{"kind", "DestinationRule"},
                       {"spec", {{"subsets", {{{"name", "v1"}, {"labels", {{"v", "1"}}}}, {{"name", "v2"}}}}}}};
  const Json after = {{"kind", "DestinationRule"},
                      {"spec", {{"subsets", {{{"name", "v3"}}, {{"name", "v1"}, {"labels", {{"v", "9"}}}}}}}}};
  EXPECT_EQ(Diff(before, after),
            (Texts{"spec.subsets[v1].labels.v: 1 -> 9", "spec.subsets v2 is gone", "spec.subsets v3 is new"}));
}

TEST(SemanticDiff, TheNoteOfKubectlIsNoChange) {
  Json after = Article();
  after["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{...}";
  EXPECT_EQ(Diff(Article(), after), Texts{});
}

TEST(SemanticDiff, LongListsOfChangesAreCut) {
  std::vector<ObjectChange> changes;
  for (int i = 0; i < 100; ++i) changes.push_back(Put("m" + std::to_string(i), i));
  const Texts lines = Summarize(changes);
  ASSERT_EQ(lines.size(), kSummaryLinesMax);
  EXPECT_EQ(lines.back(), "and 61 more changes");
}

TEST(Vanished, TheArticlesMergePatchTakesAwayRulesRetriesAndMirror) {
  Json after = Article();
  after["spec"]["http"] =
      Json::array({{{"route",
                     {{{"destination", {{"host", "ranking"}, {"subset", "v45"}}}, {"weight", 75}},
                      {{"destination", {{"host", "ranking"}, {"subset", "v47"}}}, {"weight", 25}}}}}});
  EXPECT_EQ(Vanished(Article(), after), (Texts{"rule #0 vanishes, with its timeout", "retries of route #1 vanish",
                                               "timeout of route #1 vanishes", "mirror to v43 of route #1 vanishes"}));
}

TEST(Vanished, NothingIsSaidOfWhatIsChangedOrAdded) {
  Json after = Article();
  after["spec"]["http"][1]["retries"]["attempts"] = 1;
  after["spec"]["http"].push_back({{"name", "more"}});
  EXPECT_EQ(Vanished(Article(), after), Texts{});
}

TEST(Vanished, SubsetsPoliciesAndEndpoints) {
  const Json before = {
      {"spec",
       {{"subsets", {{{"name", "v1"}, {"trafficPolicy", {{"tls", {{"mode", "DISABLE"}}}}}}, {{"name", "v2"}}}},
        {"trafficPolicy", {{"outlierDetection", {{"interval", "1s"}}}}},
        {"endpoints", {{{"address", "10.0.0.1"}}, {{"address", "10.0.0.2"}}}}}}};
  const Json after = {{"spec", {{"subsets", {{{"name", "v1"}}}}, {"endpoints", {{{"address", "10.0.0.2"}}}}}}};
  EXPECT_EQ(Vanished(before, after),
            (Texts{"subset v2 vanishes", "tls of subset v1 vanishes",
                   "outlierDetection of the DestinationRule vanishes", "endpoint 10.0.0.1 vanishes"}));
}

}  // namespace
}  // namespace sluice::gateway

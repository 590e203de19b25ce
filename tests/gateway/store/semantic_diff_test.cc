#include "gateway/store/semantic_diff.h"

#include <gtest/gtest.h>

#include "config/yaml_node.h"
#include "core/base/random.h"
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

TEST(SemanticDiff, ARuleMayGetAnotherName) {
  Json before = Article();
  before["spec"]["http"][1]["name"] = "default";
  Json after = before;
  after["spec"]["http"][1]["name"] = "main";
  after["spec"]["http"][1]["timeout"] = "1s";
  EXPECT_EQ(Diff(before, after), (Texts{"route main: name: default -> main", "route main: timeout: 200ms -> 1s"}));
  after["spec"]["http"][1].erase("name");
  EXPECT_EQ(Diff(before, after), (Texts{"route #1: name: default is gone", "route #1: timeout: 200ms -> 1s"}));
}

TEST(SemanticDiff, TellsWhatARuleDoesByItsFields) {
  Json after = Article();
  Json& rule = after["spec"]["http"][1];
  rule["mirror"]["subset"] = "v48";
  rule["mirrorPercentage"]["value"] = 50;
  rule["fault"] = {{"abort", {{"httpStatus", 503}}}};
  rule["rewrite"] = {{"uri", "/v2"}};
  rule["route"][1]["headers"] = {{"request", {{"set", {{"x-arm", "b"}}}}}};
  after["spec"]["http"][0]["match"][0]["headers"]["x-user-segment"]["exact"] = "gold";
  EXPECT_EQ(Diff(Article(), after),
            (Texts{"route #0: match[0].headers.x-user-segment.exact: premium -> gold",
                   R"(route #1: fault: {"abort":{"httpStatus":503}} is new)", "route #1: mirror.subset: v43 -> v48",
                   "route #1: mirrorPercentage.value: 5.0 -> 50", R"(route #1: rewrite: {"uri":"/v2"} is new)",
                   R"(route #1: route.v47: {"headers":{"request":{"set":{"x-arm":"b"}}}} is new)"}));
}

TEST(SemanticDiff, ListsOfPlainThingsTellWhatCameAndWent) {
  Json after = Article();
  after["spec"]["hosts"] = {"ranking.example", "ranking"};
  after["spec"]["gateways"] = {"edge"};
  EXPECT_EQ(Diff(Article(), after), (Texts{R"(spec.gateways: ["edge"] is new)", "spec.hosts: ranking.example is new"}));
  Json turned = after;
  std::swap(turned["spec"]["hosts"][0], turned["spec"]["hosts"][1]);
  EXPECT_EQ(Diff(after, turned), (Texts{"spec.hosts is in another order"}));
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

TEST(SemanticDiff, EndpointsArmsAndServersAreToldByWhatTheyAreCalled) {
  const auto with = [](const char* list, Json items) {
    return Json{{"kind", "Any"}, {"spec", {{list, std::move(items)}}}};
  };
  EXPECT_EQ(Diff(with("endpoints", {{{"address", "10.0.0.1"}}, {{"address", "10.0.0.2"}, {"weight", 1}}}),
                 with("endpoints", {{{"address", "10.0.0.2"}, {"weight", 2}}, {{"address", "10.0.0.3"}}})),
            (Texts{"spec.endpoints 10.0.0.1 is gone", "spec.endpoints[10.0.0.2].weight: 1 -> 2",
                   "spec.endpoints 10.0.0.3 is new"}));
  EXPECT_EQ(Diff(with("arms", {{{"name", "a"}, {"buckets", "0-49"}}}), with("arms", Json::array())),
            (Texts{"spec.arms a is gone"}));
  EXPECT_EQ(
      Diff(with("arms", {{{"name", "a"}, {"buckets", "0-49"}}}), with("arms", {{{"name", "a"}, {"buckets", "0-39"}}})),
      (Texts{"spec.arms[a].buckets: 0-49 -> 0-39"}));
  EXPECT_EQ(Diff(with("servers", {{{"port", {{"number", 443}}}, {"hosts", {"a"}}}}),
                 with("servers", {{{"port", {{"number", 443}}}, {"hosts", {"b"}}}})),
            (Texts{"spec.servers[443].hosts: a is gone", "spec.servers[443].hosts: b is new"}));
}

TEST(SemanticDiff, LinesAreFitForATerminal) {
  const auto with = [](const std::string& text) { return Json{{"kind", "Any"}, {"spec", {{"text", text}}}}; };
  std::string text;
  while (text.size() < 100) text += "\u00e9";
  const Texts cut = Diff(with("a"), with("x" + text));
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_NO_THROW(static_cast<void>(Json(cut.front()).dump())) << "cut between characters";
  EXPECT_EQ(Diff(with("a"), with("\x1b[2J\n")), (Texts{R"(spec.text: a -> "\u001b[2J\n")"}));
}

TEST(SemanticDiff, AnObjectThatDiffersAlwaysHasALine) {
  const Json before = {{"kind", "DestinationRule"}, {"spec", {{"subsets", {{{"name", "v1"}}, {{"name", "v2"}}}}}}};
  const Json after = {{"kind", "DestinationRule"}, {"spec", {{"subsets", {{{"name", "v2"}}, {{"name", "v1"}}}}}}};
  EXPECT_EQ(Diff(before, after), (Texts{"spec.subsets is in another order"}));
}

TEST(SemanticDiff, WhatChangesNothingForRequestsIsToldToo) {
  Json scaled = Article();
  scaled["spec"]["http"][1]["route"][0]["weight"] = 180;
  scaled["spec"]["http"][1]["route"][1]["weight"] = 20;
  EXPECT_EQ(Diff(Article(), scaled), (Texts{"written in another way"}));
  LiveObject was;
  was.body = Article();
  LiveObject is = was;
  is.managed_fields = {{{"manager", "kubectl"}}};
  EXPECT_EQ(Summarize({{.key = Key("r"), .before = was, .after = is}}),
            (Texts{"VirtualService ml/r: fields have other owners"}));
}

// Some value in the body becomes another one: it goes, moves, is doubled, or gets what another place has.
void Mutate(Json& json, core::Random& random) {
  if (!json.is_structured() || json.empty() || random.Below(4) == 0) {
    const Json values[] = {1, -1, 0.5, "text", true, nullptr, Json::array(), Json::object(), {{"name", "a"}}, {1, 2}};
    json = values[random.Below(std::size(values))];
    return;
  }
  if (json.is_object()) {
    auto field = json.begin();
    std::advance(field, random.Below(json.size()));
    if (random.Below(4) == 0) {
      json.erase(field);
    } else {
      Mutate(*field, random);
    }
    return;
  }
  Json& item = json[random.Below(json.size())];
  switch (random.Below(4)) {
    case 0: json.erase(random.Below(json.size())); break;
    case 1: json.push_back(Json(item)); break;
    case 2: std::swap(item, json[random.Below(json.size())]); break;
    default: Mutate(item, random);
  }
}

TEST(SemanticDiff, WhateverDiffersHasALineAndWhatIsTheSameHasNone) {
  core::Random random(11);
  for (int i = 0; i < 5'000; ++i) {
    Json before = Article();
    before["spec"]["subsets"] = {{{"name", "v1"}}, {{"name", "v2"}, {"labels", {{"v", "2"}}}}};
    for (auto n = random.Below(3); n > 0; --n) Mutate(before["spec"], random);
    Json after = before;
    for (auto n = random.Below(3); n > 0; --n) Mutate(after["spec"], random);
    static_cast<void>(Vanished(before, after));
    EXPECT_EQ(Diff(before, after).empty(), before == after) << before << "\n" << after;
    EXPECT_EQ(Vanished(after, after), Texts{});
  }
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
  EXPECT_EQ(
      Vanished(Article(), after),
      (Texts{"rule #0 (headers x-user-segment exact premium) vanishes, with its timeout", "retries of route #1 vanish",
             "timeout of route #1 vanishes", "mirror to v43 of route #1 vanishes"}));
}

TEST(Vanished, NothingIsSaidOfWhatIsChangedOrAdded) {
  Json after = Article();
  after["spec"]["http"][1]["retries"]["attempts"] = 1;
  after["spec"]["http"].push_back({{"name", "more"}});
  EXPECT_EQ(Vanished(Article(), after), Texts{});
}

TEST(Vanished, OperationsAndConditionsOfARuleThatStays) {
  Json before = Article();
  Json& premium = before["spec"]["http"][0];
  premium["name"] = "premium";
  premium["match"] = Json::parse(R"([{"headers":{"x-user-segment":{"exact":"premium"},"x-region":{"exact":"eu"}}},
                                     {"uri":{"prefix":"/gold"}}])");
  premium["headers"] = Json::parse(R"({"request":{"set":{"x-tier":"1","x-a":"b"},"remove":["x-old","x-older"]}})");
  premium["retries"] = {{"attempts", 2}, {"retryOn", "5xx"}};
  premium["fault"] = {{"delay", {{"fixedDelay", "1s"}}}, {"abort", {{"httpStatus", 503}}}};
  premium["route"][0]["headers"] = {{"response", {{"add", {{"x-by", "v47"}}}}}};
  Json after = before;
  Json& left = after["spec"]["http"][0];
  left["match"] = Json::parse(R"([{"headers":{"x-user-segment":{"exact":"gold"}}}])");
  left["headers"] = Json::parse(R"({"request":{"set":{"x-tier":"2"},"remove":["x-old"]}})");
  left["retries"].erase("retryOn");
  left["fault"].erase("abort");
  left["route"][0].erase("headers");
  EXPECT_EQ(Vanished(before, after),
            (Texts{"retries.retryOn of route premium vanishes", "fault.abort of route premium vanishes",
                   "headers.request.remove x-older of route premium vanishes",
                   "headers.request.set.x-a of route premium vanishes",
                   "condition headers x-region of route premium vanishes", "a match of route premium vanishes: uri",
                   "headers of v47 in route premium vanish"}));
}

TEST(Vanished, HostsGatewaysAndServers) {
  const Json before = Json::parse(R"({"spec":{"hosts":["a","b"],"gateways":["edge"],
                                      "servers":[{"port":{"number":80}},{"port":{"number":443}}]}})");
  const Json after = Json::parse(R"({"spec":{"hosts":["b"],"servers":[{"port":{"number":80}}]}})");
  EXPECT_EQ(Vanished(before, after),
            (Texts{"host a vanishes", "gateway edge vanishes", "server on port 443 vanishes"}));
}

TEST(Vanished, BodiesOfAnyShapeAreNoTrouble) {
  for (const char* text : {"null", "[]", R"({"spec":1})", R"({"spec":{"http":[1,null,{"match":7,"mirrors":3}]}})",
                           R"({"spec":{"http":[{"route":{"a":1},"match":[[1]],"headers":"x"}],"subsets":{"a":1}}})"}) {
    for (const Json& other : {Json(), Article(), Json::parse(text)}) {
      static_cast<void>(Vanished(Json::parse(text), other));
      static_cast<void>(Vanished(other, Json::parse(text)));
      static_cast<void>(Diff(other, Json::parse(text)));
      static_cast<void>(Diff(Json::parse(text), other));
    }
  }
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

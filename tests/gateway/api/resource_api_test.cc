// The resource API as a client sees it: paths, reads, writes and refusals.
#include "gateway/api/resource_api.h"

#include <gtest/gtest.h>

#include "tests/support/small_world.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

class ResourceApi : public ::testing::Test {
 protected:
  void SetUp() override { small_.Load(kRules); }

  Json Get(const std::string& target, int status = 200, std::string_view accept = "application/json") {
    const AdminAnswer answer = small_.Ask("GET", target, {}, {}, accept);
    EXPECT_EQ(answer.status, status) << answer.body;
    return SmallWorld::JsonOf(answer);
  }

  Json Send(std::string_view method, const std::string& target, const Json& body, int status,
            std::string_view type = "application/json") {
    last_ = small_.Ask(method, target, body.dump(), type);
    EXPECT_EQ(last_.status, status) << last_.body;
    return SmallWorld::JsonOf(last_);
  }

  Json Merge(const Json& patch, int status, const std::string& query = "") {
    return Send("PATCH", kVirtualService + query, patch, status, "application/merge-patch+json");
  }

  static Json NewObject(const std::string& name) {
    return {{"apiVersion", "networking.istio.io/v1"},
            {"kind", "VirtualService"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"hosts", Json::array({"other"})},
              {"http", Json::array({{{"route", Json::array({{{"destination", {{"host", "ranking"}}}}})}}})}}}};
  }

  SmallWorld small_;
  AdminAnswer last_;
};

TEST_F(ResourceApi, TellsItsGroupsVersionsAndKinds) {
  EXPECT_EQ(Get("/api")["versions"], Json::array({"v1"}));
  EXPECT_EQ(Get("/version")["major"], "1");
  EXPECT_EQ(Get("/apis")["groups"].size(), 3);
  EXPECT_EQ(Get("/apis/networking.istio.io")["preferredVersion"]["version"], "v1");

  const Json resources = Get("/apis/networking.istio.io/v1beta1")["resources"];

  EXPECT_EQ(resources[0]["name"], "virtualservices");
  EXPECT_EQ(resources[0]["shortNames"], Json::array({"vs"}));
  EXPECT_EQ(Get("/apis/other.io/v1", 404)["reason"], "NotFound");
  EXPECT_EQ(Get("/api/v1/namespaces/ml/events")["items"].size(), 0);
  EXPECT_EQ(Get("/api/v1/namespaces")["items"].size(), 2);
}

TEST_F(ResourceApi, ShowsAnObjectInTheVersionAskedFor) {
  const Json object = Get("/apis/networking.istio.io/v1alpha3/namespaces/ml/virtualservices/ranking-vs");

  EXPECT_EQ(object["apiVersion"], "networking.istio.io/v1alpha3");
  EXPECT_EQ(object["metadata"]["resourceVersion"], "1");
  EXPECT_EQ(object["metadata"]["creationTimestamp"], "2023-11-14T22:11:50Z");
  EXPECT_EQ(object["metadata"]["uid"], "uid-3");
  EXPECT_FALSE(object.contains("status"));
}

TEST_F(ResourceApi, AnAbsentObjectIsToldByItsResource) {
  const Json status = Get("/apis/networking.istio.io/v1/namespaces/other/virtualservices/ranking-vs", 404);

  EXPECT_EQ(status["message"], "virtualservices.networking.istio.io \"ranking-vs\" not found");
  EXPECT_EQ(status["details"]["kind"], "virtualservices");
}

TEST_F(ResourceApi, ListsByNamespaceLabelAndField) {
  EXPECT_EQ(Get("/apis/networking.istio.io/v1/virtualservices")["items"].size(), 1);
  EXPECT_EQ(Get("/apis/networking.istio.io/v1/namespaces/x/virtualservices")["items"].size(), 0);
  EXPECT_EQ(Get(std::string(kVirtualServices) + "?labelSelector=team%3Dranking")["items"].size(), 1);
  EXPECT_EQ(Get(std::string(kVirtualServices) + "?labelSelector=team!%3Dranking")["items"].size(), 0);
  EXPECT_EQ(Get(std::string(kVirtualServices) + "?fieldSelector=metadata.name%3Dnone")["items"].size(), 0);
  EXPECT_EQ(Get(std::string(kVirtualServices) + "?fieldSelector=spec.x%3Dnone", 400)["reason"], "BadRequest");
}

TEST_F(ResourceApi, ATableSaysWhatTheRulesDo) {
  const Json table = Get(kVirtualServices, 200, kTable);

  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][3]["name"], "Split");
  const Json& row = table["rows"][0];
  EXPECT_EQ(row["cells"], Json::array({"ranking-vs", "", "[\"ranking\"]", "v45 90%, v47 10%", "90s", "in sync",
                                       "rules.yaml:21", "1"}));
  EXPECT_EQ(row["object"]["metadata"]["namespace"], "ml");
}

TEST_F(ResourceApi, ATableOfCanariesHasTheirStages) {
  const std::string canaries = "/apis/sluice.dev/v1alpha1/namespaces/ml/canaries";
  const Json canary = {
      {"apiVersion", "sluice.dev/v1alpha1"},
      {"kind", "Canary"},
      {"metadata", {{"name", "v47"}}},
      {"spec",
       {{"virtualService", "ranking-vs"},
        {"route", 0},
        {"champion", "v45"},
        {"challenger", "v47"},
        {"stages", Json::array({{{"weight", 5}, {"hold", "10m"}}, {{"weight", 100}, {"bake", "10m"}}})},
        {"gates", {{"errorRate", {{"maxIncreasePercentagePoints", 0.5}}}}}}}};
  Send("POST", canaries, canary, 201);

  const Json table = Get(canaries, 200, kTable);

  EXPECT_EQ(table["columnDefinitions"][5]["name"], "Stages");
  const Json& cells = table["rows"][0]["cells"];
  EXPECT_EQ(Json(std::vector<Json>(cells.begin(), cells.begin() + 6)),
            Json::array({"v47", "ranking-vs", "0", "v45", "v47", "5,100"}));
}

TEST_F(ResourceApi, RefusesWhatItCannotShow) {
  EXPECT_EQ(Get(kVirtualServices, 406, "application/vnd.kubernetes.protobuf")["reason"], "NotAcceptable");
}

TEST_F(ResourceApi, CreatesAnObjectOnce) {
  const Json made = Send("POST", kVirtualServices, NewObject("new"), 201);

  EXPECT_EQ(made["metadata"]["namespace"], "ml");
  EXPECT_EQ(small_.changes().back().source, "api");
  EXPECT_EQ(small_.changes().back().author, "tester");
  EXPECT_EQ(Send("POST", kVirtualServices, NewObject("new"), 409)["reason"], "AlreadyExists");
}

TEST_F(ResourceApi, MakesANameUp) {
  Json object = NewObject("x");
  object["metadata"] = {{"generateName", "new-"}};

  const std::string name = Send("POST", kVirtualServices, object, 201)["metadata"]["name"];

  EXPECT_TRUE(name.starts_with("new-"));
  EXPECT_EQ(name.size(), 9);
}

TEST_F(ResourceApi, ReadsYaml) {
  const std::string yaml =
      "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: new}\n"
      "spec: {hosts: [other], http: [{route: [{destination: {host: ranking}}]}]}\n";

  EXPECT_EQ(small_.Ask("POST", kVirtualServices, yaml, "application/yaml").status, 201);
}

TEST_F(ResourceApi, ADryRunChangesNothing) {
  Send("POST", std::string(kVirtualServices) + "?dryRun=All", NewObject("new"), 201);

  EXPECT_EQ(small_.world().revision(), 1);
  EXPECT_EQ(Send("POST", std::string(kVirtualServices) + "?dryRun=Some", NewObject("new"), 400)["reason"],
            "BadRequest");
}

TEST_F(ResourceApi, ReplacesOnlyTheVersionThatWasRead) {
  Json object = Get(kVirtualService);
  object["spec"]["http"].erase(0);
  const Json changed = Send("PUT", kVirtualService, object, 200);
  EXPECT_EQ(changed["metadata"]["resourceVersion"], "2");

  const Json refused = Send("PUT", kVirtualService, object, 409);

  EXPECT_EQ(refused["reason"], "Conflict");
  EXPECT_EQ(Send("PUT", std::string(kVirtualServices) + "/none", NewObject("none"), 404)["reason"], "NotFound");
}

TEST_F(ResourceApi, WritingTheSameIsNoChange) {
  Send("PUT", kVirtualService, Get(kVirtualService), 200);
  Merge(Json::object(), 200);

  EXPECT_EQ(small_.world().revision(), 1);
}

TEST_F(ResourceApi, MergesAPatchAndWarnsOfWhatVanished) {
  small_.warnings = {"VirtualService ml/ranking-vs: rule premium vanishes \"é\""};
  const Json rule = {{"route", Json::array({{{"destination", {{"host", "ranking"}, {"subset", "v45"}}}}})}};

  const Json object = Merge({{"spec", {{"http", Json::array({rule})}}}}, 200);

  EXPECT_EQ(object["spec"]["http"].size(), 1);
  EXPECT_EQ(object["spec"]["hosts"], Json::array({"ranking"}));
  ASSERT_FALSE(last_.headers.empty());
  EXPECT_EQ(last_.headers[0].first, "warning");
  EXPECT_EQ(last_.headers[0].second, R"(299 - "VirtualService ml/ranking-vs: rule premium vanishes \"?\"")");
}

TEST_F(ResourceApi, APatchMayInsistOnAVersion) {
  EXPECT_EQ(Merge({{"metadata", {{"resourceVersion", "7"}}}}, 409)["reason"], "Conflict");
  Merge({{"metadata", {{"resourceVersion", "1"}, {"labels", {{"a", "b"}}}}}}, 200);
}

TEST_F(ResourceApi, AppliesAJsonPatchWhoseTestsHold) {
  const Json steps = Json::array({{{"op", "test"}, {"path", "/spec/http/1/route/0/weight"}, {"value", 90}},
                                  {{"op", "replace"}, {"path", "/spec/http/1/route/0/weight"}, {"value", 75}},
                                  {{"op", "replace"}, {"path", "/spec/http/1/route/1/weight"}, {"value", 25}}});

  Send("PATCH", kVirtualService, steps, 200, "application/json-patch+json");

  const Json refused = Send("PATCH", kVirtualService, steps, 422, "application/json-patch+json");
  EXPECT_NE(refused["message"].get<std::string>().find("did not find the value"), std::string::npos);
}

TEST_F(ResourceApi, AStrategicPatchIsRefusedAsForEveryCustomResource) {
  const Json refused = Send("PATCH", kVirtualService, Json::object(), 415, "application/strategic-merge-patch+json");

  EXPECT_EQ(refused["reason"], "UnsupportedMediaType");
}

TEST_F(ResourceApi, AnUnknownFieldIsAnErrorWithTheNearestName) {
  for (const char* validation : {"", "?fieldValidation=Strict", "?fieldValidation=Ignore"}) {
    const Json refused = Merge({{"spec", {{"hostss", Json::array({"x"})}}}}, 422, validation);

    EXPECT_EQ(refused["reason"], "Invalid");
    const Json& cause = refused["details"]["causes"][0];
    EXPECT_EQ(cause["field"], "spec.hostss");
    EXPECT_NE(cause["message"].get<std::string>().find("did you mean `hosts`?"), std::string::npos);
  }
  const Json metadata = Merge({{"metadata", {{"label", Json::object()}}}}, 422);
  EXPECT_EQ(metadata["details"]["causes"][0]["message"], "unknown field; did you mean `labels`?");
}

TEST_F(ResourceApi, AFieldThatComesTwiceIsAnError) {
  const AdminAnswer answer =
      small_.Ask("POST", kVirtualServices, R"({"kind":"VirtualService","kind":"VirtualService"})");

  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("duplicate field"), std::string::npos);
}

TEST_F(ResourceApi, AnObjectStandsWhereItsPathSays) {
  Json object = NewObject("new");
  object["metadata"]["namespace"] = "other";
  EXPECT_EQ(Send("POST", kVirtualServices, object, 400)["reason"], "BadRequest");
  EXPECT_EQ(Send("PUT", kVirtualService, NewObject("new"), 400)["reason"], "BadRequest");
  EXPECT_EQ(Send("POST", kVirtualServices, NewObject("Not A Name"), 422)["reason"], "Invalid");
  object = NewObject("new");
  object["kind"] = "Gateway";
  EXPECT_EQ(Send("POST", kVirtualServices, object, 400)["reason"], "BadRequest");
  EXPECT_EQ(Send("POST", kVirtualServices, Json::array(), 400)["reason"], "BadRequest");
}

TEST_F(ResourceApi, DeletesByNameBySelectorAndOnCondition) {
  const Json wrong = {{"preconditions", {{"uid", "other"}}}};
  EXPECT_EQ(Send("DELETE", kVirtualService, wrong, 409)["reason"], "Conflict");

  const Json gone = Send("DELETE", kVirtualService, {{"dryRun", {"All"}}}, 200);
  EXPECT_EQ(gone["details"]["name"], "ranking-vs");
  EXPECT_EQ(small_.world().objects().size(), 3);

  EXPECT_EQ(small_.Ask("DELETE", kVirtualService).status, 200);
  EXPECT_EQ(small_.Ask("DELETE", kVirtualService).status, 404);
  Send("POST", kVirtualServices, NewObject("a"), 201);
  Send("POST", kVirtualServices, NewObject("b"), 201);
  EXPECT_EQ(small_.Ask("DELETE", std::string(kVirtualServices) + "?fieldSelector=metadata.name%3Da").status, 200);
  EXPECT_EQ(small_.world().objects().size(), 3);
}

TEST_F(ResourceApi, ADeletionThatBreaksOtherRulesSaysWhich) {
  const AdminAnswer answer =
      small_.Ask("DELETE", "/apis/networking.istio.io/v1/namespaces/ml/destinationrules/ranking");

  EXPECT_EQ(answer.status, 422);
  EXPECT_NE(answer.body.find("VirtualService.ml.ranking-vs@live"), std::string::npos) << answer.body;
}

TEST_F(ResourceApi, OnlyTheTokenLetsWrite) {
  small_.may_write = false;

  EXPECT_EQ(Merge({{"spec", Json::object()}}, 401)["reason"], "Unauthorized");
  EXPECT_EQ(Get(kVirtualService)["kind"], "VirtualService");
  EXPECT_TRUE(small_.changes().empty());
}

TEST_F(ResourceApi, AFullDiskIsToldAsSuch) {
  small_.outcome = ChangeResult::Outcome::kNotRecorded;

  EXPECT_EQ(Merge({{"metadata", {{"labels", {{"a", "b"}}}}}}, 507)["reason"], "InsufficientStorage");
}

TEST_F(ResourceApi, WhatIsTooLongOrTooDeepIsRefused) {
  EXPECT_EQ(small_.Ask("POST", kVirtualServices, std::string(2'000'000, ' ')).status, 413);
  EXPECT_EQ(small_.Ask("POST", kVirtualServices, std::string(100'000, '[')).status, 400);
  EXPECT_EQ(small_.Ask("POST", kVirtualServices, std::string(1000, '[') + std::string(1000, ']')).status, 400);
  EXPECT_EQ(small_.Ask("POST", kVirtualServices, "").status, 400);
}

TEST_F(ResourceApi, AnObjectDoesNotGrowWithoutEndByPatches) {
  const std::string much(200'000, 'x');
  Merge({{"metadata", {{"annotations", {{"a", much}}}}}}, 200);
  EXPECT_EQ(Merge({{"metadata", {{"annotations", {{"b", much}}}}}}, 422)["details"]["causes"][0]["field"],
            "metadata.annotations");
  const Json rule = {{"route", Json::array({{{"destination", {{"host", "ranking"}}}}})},
                     {"match", Json::array({{{"uri", {{"exact", "/" + std::string(250'000, 'x')}}}}})}};
  const Json steps = Json::array({{{"op", "add"}, {"path", "/spec/http/0"}, {"value", rule}}});

  Json refused = Json::object();
  for (int i = 0; i < 4 && refused.value("code", 0) != 413; ++i) {
    refused = SmallWorld::JsonOf(small_.Ask("PATCH", kVirtualService, steps.dump(), "application/json-patch+json"));
  }
  EXPECT_EQ(refused["reason"], "RequestEntityTooLarge") << refused.dump().substr(0, 300);
}

TEST_F(ResourceApi, WrongPathsAndMethodsAreTold) {
  EXPECT_EQ(small_.Ask("GET", std::string(kVirtualService) + "/status").status, 404);
  EXPECT_EQ(small_.Ask("GET", "/apis/networking.istio.io/v1/virtualservices/ranking-vs").status, 404);
  EXPECT_EQ(small_.Ask("POST", "/apis").status, 405);
  EXPECT_EQ(small_.Ask("PUT", kVirtualServices, "{}").status, 405);
  EXPECT_EQ(small_.Ask("GET", "/apis/%zz").status, 400);
}

}  // namespace
}  // namespace sluice::gateway

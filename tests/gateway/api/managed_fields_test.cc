// Server-side apply: who owns what, conflicts, and what goes.
#include "gateway/api/managed_fields.h"

#include <gtest/gtest.h>

#include "tests/support/small_world.h"

namespace sluice::gateway {
namespace {

using config::Json;

class ServerSideApply : public ::testing::Test {
 protected:
  void SetUp() override { small_.Load(kRules); }

  Json Apply(const std::string& manager, const Json& spec, int status, const std::string& more = "",
             const Json& labels = Json::object()) {
    Json object = {{"apiVersion", "networking.istio.io/v1"},
                   {"kind", "VirtualService"},
                   {"metadata", {{"name", "canary"}, {"labels", labels}}},
                   {"spec", spec}};
    const AdminAnswer answer =
        small_.Ask("PATCH", std::string(kVirtualServices) + "/canary?fieldManager=" + manager + more, object.dump(),
                   "application/apply-patch+yaml");
    EXPECT_EQ(answer.status, status) << answer.body;
    return SmallWorld::JsonOf(answer);
  }

  static Json Spec(const std::string& timeout = "") {
    Json rule = {{"route", Json::array({{{"destination", {{"host", "ranking"}}}}})}};
    if (!timeout.empty()) rule["timeout"] = timeout;
    return {{"hosts", Json::array({"other"})}, {"http", Json::array({rule})}};
  }

  SmallWorld small_;
};

TEST_F(ServerSideApply, MakesAnObjectAndRemembersItsOwner) {
  const Json object = Apply("one", Spec(), 201);

  const Json& owner = object["metadata"]["managedFields"][0];
  EXPECT_EQ(owner["manager"], "one");
  EXPECT_EQ(owner["operation"], "Apply");
  EXPECT_EQ(owner["fieldsV1"], Json::parse(R"({"f:spec":{"f:hosts":{},"f:http":{}}})"));
}

TEST_F(ServerSideApply, TheSameOnceMoreIsNoChange) {
  const Json first = Apply("one", Spec(), 201);
  small_.now_us += 60'000'000;

  const Json again = Apply("one", Spec(), 200);

  EXPECT_EQ(again["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

TEST_F(ServerSideApply, AnotherValueConflictsAndForceTakesOver) {
  Apply("one", Spec(), 201);

  const Json refused = Apply("two", Spec("1s"), 409);
  EXPECT_EQ(refused["message"],
            "Apply failed with 1 conflict: conflict with \"one\" using networking.istio.io/v1: .spec.http");
  EXPECT_EQ(refused["details"]["causes"][0]["reason"], "FieldManagerConflict");
  EXPECT_EQ(refused["details"]["causes"][0]["field"], ".spec.http");

  const Json taken = Apply("two", Spec("1s"), 200, "&force=true");
  EXPECT_EQ(taken["spec"]["http"][0]["timeout"], "1s");
  EXPECT_EQ(taken["metadata"]["managedFields"][0]["fieldsV1"], Json::parse(R"({"f:spec":{"f:hosts":{}}})"));
  Apply("one", Spec(), 409);
}

TEST_F(ServerSideApply, EqualValuesAreShared) {
  Apply("one", Spec(), 201);
  Apply("two", Spec(), 200);

  // `one` gives hosts up, which `two` still wants.
  Json less = Spec();
  less.erase("hosts");
  const Json object = Apply("one", less, 200);

  EXPECT_EQ(object["spec"]["hosts"], Json::array({"other"}));
}

TEST_F(ServerSideApply, WhatTheOwnerNoLongerMentionsGoes) {
  Apply("one", Spec(), 201, "", {{"a", "1"}, {"b", "2"}});

  const Json object = Apply("one", Spec(), 200, "", {{"b", "2"}});

  EXPECT_EQ(object["metadata"]["labels"], Json::parse(R"({"b":"2"})"));
}

TEST_F(ServerSideApply, APatchOwnsWhatItChanged) {
  Apply("one", Spec(), 201);
  const Json patch = {{"metadata", {{"labels", {{"a", "1"}}}}}, {"spec", {{"hosts", Json::array({"third"})}}}};
  small_.Ask("PATCH", std::string(kVirtualServices) + "/canary", patch.dump(), "application/merge-patch+json");

  const Json refused = Apply("one", Spec(), 409);

  EXPECT_NE(refused["message"].get<std::string>().find("conflict with \"kubectl\""), std::string::npos);
}

TEST_F(ServerSideApply, AnObjectOfAFileBelongsToTheFile) {
  Json object = {{"apiVersion", "networking.istio.io/v1"},
                 {"kind", "VirtualService"},
                 {"metadata", {{"name", "ranking-vs"}}},
                 {"spec", Spec()}};

  const AdminAnswer answer = small_.Ask("PATCH", std::string(kVirtualService) + "?fieldManager=one", object.dump(),
                                        "application/apply-patch+yaml");

  EXPECT_EQ(answer.status, 409);
  EXPECT_NE(answer.body.find("conflict with \\\"file\\\""), std::string::npos) << answer.body;
}

TEST_F(ServerSideApply, OwnersMayBeHandedOver) {
  Apply("one", Spec(), 201);
  const Json owners = Json::array({{{"manager", "two"},
                                    {"operation", "Apply"},
                                    {"apiVersion", "networking.istio.io/v1"},
                                    {"time", "2023-11-14T22:11:50Z"},
                                    {"fieldsType", "FieldsV1"},
                                    {"fieldsV1", {{"f:spec", {{"f:http", Json::object()}}}}}}});
  const Json steps = Json::array({{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", owners}}});

  const AdminAnswer answer =
      small_.Ask("PATCH", std::string(kVirtualServices) + "/canary", steps.dump(), "application/json-patch+json");

  EXPECT_EQ(SmallWorld::JsonOf(answer)["metadata"]["managedFields"], owners);
}

TEST_F(ServerSideApply, AsksForAManagerThatCanBePrinted) {
  for (const char* query : {"", "?fieldManager=", "?fieldManager=%ff", "?fieldManager=a%0ab"}) {
    EXPECT_EQ(small_.Ask("PATCH", std::string(kVirtualService) + query, "{}", "application/apply-patch+yaml").status,
              400);
  }
}

TEST(FieldSetTest, ReadsBackWhatItWrites) {
  const Json body = {{"kind", "X"},
                     {"metadata", {{"name", "a"}, {"labels", {{"app.kubernetes.io/name", "b"}}}}},
                     {"spec", {{"list", {1, 2}}, {"empty", Json::object()}}}};

  const FieldSet set = FieldSet::Of(body);

  EXPECT_EQ(set.ToJson(), Json::parse(R"({"f:metadata":{"f:labels":{"f:app.kubernetes.io/name":{}}},
                                          "f:spec":{"f:empty":{},"f:list":{}}})"));
  EXPECT_EQ(FieldSet::FromJson(set.ToJson()), set);
  EXPECT_EQ(Text(*set.paths().begin()), "metadata.labels[app.kubernetes.io/name]");
}

TEST(FieldSetTest, ErasesTheMapsThatBecomeEmpty) {
  Json body = Json::parse(R"({"metadata":{"labels":{"a":"1"}},"spec":{"a":{"b":{"c":1}}}})");

  Erase(body, {"spec", "a", "b", "c"});
  Erase(body, {"metadata", "labels", "a"});
  Erase(body, {"spec", "none"});

  EXPECT_EQ(body, Json::parse(R"({"metadata":{},"spec":{}})"));
}

}  // namespace
}  // namespace sluice::gateway

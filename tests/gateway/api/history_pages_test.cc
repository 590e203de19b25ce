#include "gateway/api/history_pages.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "core/base/random.h"
#include "gateway/app/live_config.h"

namespace sluice::gateway {
namespace {

using config::Json;

Json Rules(int v45, int v47) {
  return Json::parse(R"({"apiVersion":"networking.istio.io/v1","kind":"VirtualService",
    "metadata":{"name":"ranking","namespace":"ml"},"spec":{"hosts":["ranking"],"http":[
    {"name":"premium","match":[{"headers":{"x-segment":{"exact":"premium"}}}],
     "route":[{"destination":{"host":"ranking","subset":"v47"}}]},
    {"name":"default","timeout":"1s","route":[{"destination":{"host":"ranking","subset":"v45"},"weight":)" +
                     std::to_string(v45) + R"(},{"destination":{"host":"ranking","subset":"v47"},"weight":)" +
                     std::to_string(v47) + "}]}]}}");
}

// The pages over a real world and history; every change that can be prepared is taken.
class HistoryPagesTest : public ::testing::Test {
 protected:
  HistoryPagesTest() : live({}, 1) {
    EXPECT_TRUE(live.Open(""));
    context.world = &live.world();
    context.store = &live.store();
    context.author = "ana";
    context.default_namespace = "ml";
    context.changes = {
        .submit = [](void* self, const Change& change) { return static_cast<HistoryPagesTest*>(self)->Submit(change); },
        .self = this};
  }

  ChangeResult Submit(const Change& change) {
    auto step = live.Prepare(change, 1);
    if (!step) return step.error();
    ChangeResult result;
    result.outcome = ChangeResult::Outcome::kAccepted;
    result.summary = step->summary;
    live.Describe(*step, change, result);
    if (!change.dry_run && !live.Commit(std::move(*step), change, 1, {})) ADD_FAILURE();
    result.revision = live.world().revision();
    return result;
  }

  AdminAnswer Ask(std::string_view method, const std::string& target, const std::string& body = "", bool token = true,
                  std::string_view type = "application/json") {
    AdminRequest request;
    request.method = method;
    const std::size_t mark = target.find('?');
    const std::string path = "/sluice/v1/" + target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    request.path = path;
    request.query = query;
    request.body = body;
    request.content_type = type;
    return AnswerHistory(context, request, token);
  }
  Json Get(const std::string& target) { return Json::parse(Ask("GET", target).body); }
  Json Post(const std::string& page, const Json& body, std::uint16_t status = 200) {
    const AdminAnswer answer = Ask("POST", page, body.dump());
    EXPECT_EQ(answer.status, status) << answer.body;
    return Json::parse(answer.body);
  }
  Json Apply(const Json& object) { return Post("apply", {{"objects", {object}}}); }

  LiveConfig live;
  HistoryContext context;
};

TEST_F(HistoryPagesTest, ApplyTellsWhatBecameOfEachObject) {
  EXPECT_EQ(Apply(Rules(90, 10))["objects"][0]["change"], "created");
  const Json again = Apply(Rules(90, 10));
  EXPECT_EQ(again["outcome"], "unchanged");
  EXPECT_EQ(again["objects"][0]["change"], "unchanged");
  const Json changed = Apply(Rules(75, 25));
  EXPECT_EQ(changed["objects"][0]["change"], "configured");
  EXPECT_EQ(changed["revision"], 2);
  EXPECT_EQ(changed["summary"][0], "VirtualService ml/ranking: route default: v45 90 % -> 75 %, v47 10 % -> 25 %");
}

TEST_F(HistoryPagesTest, ApplyTakesYamlAndUnfoldsLists) {
  const AdminAnswer answer = Ask("POST", "apply", R"(
objects:
- kind: List
  items:
  - {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, spec: {hosts: [a]}}
  - {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b}, spec: {hosts: [b]}}
)",
                                 true, "application/yaml");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Get("objects")["objects"].size(), 2u);
  EXPECT_EQ(live.world().revision(), 1u);
}

TEST_F(HistoryPagesTest, WhatIsNoChangeIsRefusedWithACause) {
  for (const char* body : {"", "[]", "nonsense", "{}", R"({"objects":[]})", R"({"objects":[1]})",
                           R"({"objects":[{"kind":"VirtualService"}]})"}) {
    const AdminAnswer answer = Ask("POST", "apply", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_FALSE(Json::parse(answer.body)["error"].get<std::string>().empty());
  }
  const std::string deep(100'000, '[');
  EXPECT_EQ(Ask("POST", "apply", deep).status, 400);
  Post("apply", {{"objects", {Rules(1, 1), Rules(2, 2)}}}, 400);
  Post("apply", {{"objects", {Rules(1, 1)}}, {"message", std::string(5000, 'x')}}, 400);
  Post("nonsense", Json::object(), 404);
  EXPECT_EQ(Ask("PUT", "apply").status, 405);
  EXPECT_EQ(Ask("GET", "nonsense").status, 404);
}

TEST_F(HistoryPagesTest, ChangesNeedTheToken) {
  EXPECT_EQ(Ask("POST", "apply", "{}", false).status, 401);
  EXPECT_EQ(Ask("GET", "history", "", false).status, 200);
}

TEST_F(HistoryPagesTest, ADryRunChangesNothing) {
  Post("apply", {{"objects", {Rules(90, 10)}}, {"dryRun", true}});
  EXPECT_EQ(live.world().revision(), 0u);
}

TEST_F(HistoryPagesTest, WeightsChangeNothingButTheWeightsOfTheirRoute) {
  Apply(Rules(90, 10));
  Post("weights",
       {{"namespace", "ml"}, {"name", "ranking"}, {"route", "default"}, {"weights", {{"v45", 75}, {"v47", 25}}}});
  EXPECT_EQ(live.world().objects().front().body, config::CanonicalBody(Rules(75, 25), "ml"));
  // By index; those that are not named stay.
  Post("weights", {{"name", "ranking"}, {"route", "1"}, {"weights", {{"v47", 30}}}});
  EXPECT_EQ(live.world().objects().front().body, config::CanonicalBody(Rules(75, 30), "ml"));
  EXPECT_EQ(Get("history?limit=1")["revisions"][0]["source"], "weights");
}

TEST_F(HistoryPagesTest, WeightsThatMakeNoSenseAreRefused) {
  Apply(Rules(90, 10));
  const auto refused = [&](const Json& body, std::uint16_t status, const std::string& said) {
    const Json answer = Post("weights", body, status);
    EXPECT_NE(answer["error"].get<std::string>().find(said), std::string::npos) << answer;
  };
  refused({{"name", "other"}, {"route", "default"}, {"weights", {{"v45", 1}}}}, 404, "does not exist");
  refused({{"name", "ranking"}, {"route", "nope"}, {"weights", {{"v45", 1}}}}, 404, "there are premium, default");
  refused({{"name", "ranking"}, {"route", "default"}, {"weights", {{"v44", 1}}}}, 400, "its destinations are v45, v47");
  refused({{"name", "ranking"}, {"route", "default"}, {"weights", {{"v45", 0}, {"v47", 0}}}}, 400, "all weights");
  refused({{"name", "ranking"}, {"route", "default"}, {"weights", {{"v45", -1}}}}, 400, "whole number");
  refused({{"name", "ranking"}, {"route", "default"}, {"weights", Json::object()}}, 400, "names no destination");
  EXPECT_EQ(live.world().revision(), 1u);
}

TEST_F(HistoryPagesTest, RevertBringsBackAndDeletesAndIsARevisionItself) {
  Apply(Rules(90, 10));
  Apply(Rules(50, 50));
  Post("apply", {{"objects",
                  {{{"apiVersion", "networking.istio.io/v1"},
                    {"kind", "VirtualService"},
                    {"metadata", {{"name", "extra"}}},
                    {"spec", {{"hosts", {"x"}}}}}}}});
  const Json back = Post("revert", {{"revision", 1}});
  EXPECT_EQ(back["revision"], 4);
  EXPECT_EQ(live.world().objects().size(), 1u);
  EXPECT_EQ(live.world().objects().front().body, config::CanonicalBody(Rules(90, 10), "ml"));
  EXPECT_EQ(Get("history?limit=1")["revisions"][0]["message"], "revert to 1");
  EXPECT_EQ(Post("revert", {{"revision", 1}})["outcome"], "unchanged");
  Post("revert", {{"revision", 99}}, 404);
  Post("revert", Json::object(), 400);
}

TEST_F(HistoryPagesTest, RevertKeepsItsNumberBesideTheReason) {
  Apply(Rules(90, 10));
  Apply(Rules(50, 50));
  EXPECT_EQ(Post("revert", {{"revision", 1}, {"message", "p99"}, {"dryRun", true}})["outcome"], "accepted");
  EXPECT_EQ(live.world().revision(), 2u);
  Post("revert", {{"revision", 1}, {"message", "p99"}});
  EXPECT_EQ(Get("history?limit=1")["revisions"][0]["message"], "revert to 1: p99");
  EXPECT_EQ(Get("history?limit=1")["revisions"][0]["source"], "revert");
  Post("revert", {{"revision", 0}}, 404);
  EXPECT_EQ(live.world().objects().size(), 1u) << "before the first revision there was nothing to go back to";
}

TEST_F(HistoryPagesTest, AfterAnyEditsAnyRevisionComesBackByteForByte) {
  core::Random random(3);
  std::map<std::uint64_t, std::map<std::string, std::string>> states;
  const auto state = [this] {
    std::map<std::string, std::string> texts;
    for (const LiveObject& object : live.world().objects()) texts.emplace(object.key.Text(), object.body.dump());
    return texts;
  };
  for (int i = 0; i < 300; ++i) {
    Json rules = Rules(static_cast<int>(random.Below(100)) + 1, static_cast<int>(random.Below(100)));
    const std::string name = "r" + std::to_string(random.Below(5));
    rules["metadata"]["name"] = name;
    if (random.Below(3) == 0) rules["metadata"]["labels"] = {{"n", std::to_string(i)}};
    if (random.Below(6) == 0) {
      Ask("POST", "delete", Json{{"objects", {{{"kind", "vs"}, {"name", name}}}}}.dump());
    } else {
      Apply(rules);
    }
    states[live.world().revision()] = state();
    if (random.Below(10) != 0) continue;
    const std::uint64_t number = random.Below(live.world().revision()) + 1;
    Post("revert", {{"revision", number}});
    EXPECT_EQ(state(), states[number]) << "back to " << number;
    states[live.world().revision()] = state();
  }
  EXPECT_EQ(Get("verify")["intact"], true);
}

TEST_F(HistoryPagesTest, DiffAndRevisionsTellObjectsBeforeAndAfter) {
  Apply(Rules(90, 10));
  Apply(Rules(50, 50));
  const Json diff = Get("diff?from=1");
  EXPECT_EQ(diff["to"], 2);
  ASSERT_EQ(diff["objects"].size(), 1u);
  EXPECT_EQ(diff["objects"][0]["before"]["spec"]["http"][1]["route"][0]["weight"], 90);
  EXPECT_EQ(diff["objects"][0]["after"]["spec"]["http"][1]["route"][0]["weight"], 50);
  EXPECT_EQ(Get("diff?from=2&to=2")["objects"].size(), 0u);
  EXPECT_EQ(Get("revisions/2")["changes"].size(), 1u);
  EXPECT_EQ(Ask("GET", "diff?from=7").status, 404);
  EXPECT_EQ(Ask("GET", "diff").status, 400);
  EXPECT_EQ(Ask("GET", "revisions/x").status, 400);
  EXPECT_EQ(Ask("GET", "history?before=x").status, 400);
  EXPECT_EQ(Ask("GET", "history?limit=-1").status, 400);
}

TEST_F(HistoryPagesTest, ObjectsAreAskedForByAnyNameOfTheirKind) {
  Apply(Rules(90, 10));
  for (const char* kind : {"VirtualService", "vs", "virtualservices"}) {
    EXPECT_EQ(Get(std::string("objects?kind=") + kind)["objects"].size(), 1u) << kind;
    EXPECT_EQ(Get("history?object=" + std::string(kind) + "/ml/ranking")["revisions"].size(), 1u) << kind;
  }
  EXPECT_EQ(Get("objects?kind=dr")["objects"].size(), 0u);
  EXPECT_EQ(Get("history?object=vs/ml/other")["revisions"].size(), 0u);
}

TEST_F(HistoryPagesTest, DeleteTakesAnyNameOfAKind) {
  Apply(Rules(90, 10));
  Post("delete", {{"objects", {{{"kind", "vs"}, {"name", "nobody"}}}}}, 404);
  const Json ranking = {{"kind", "vs"}, {"name", "ranking"}};
  Post("delete", {{"objects", {ranking, ranking}}}, 400);
  Post("delete", {{"objects", {ranking}}});
  EXPECT_TRUE(live.world().objects().empty());
}

TEST_F(HistoryPagesTest, StatusAndVerify) {
  Apply(Rules(90, 10));
  const Json status = Get("status");
  EXPECT_EQ(status["objects"]["VirtualService"], 1);
  EXPECT_EQ(status["lastChange"]["author"], "ana");
  EXPECT_TRUE(status["lastRefusal"].is_null());
  EXPECT_EQ(Get("verify")["intact"], true);
}

}  // namespace
}  // namespace sluice::gateway

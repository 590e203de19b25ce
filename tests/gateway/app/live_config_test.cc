#include "gateway/app/live_config.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "gateway/api/change_pages.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Outcome = ChangeResult::Outcome;

constexpr std::int64_t kNow = 1'700'000'000'000'000;

std::string Rule(const std::string& name, const std::string& answer) {
  return "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: " + name + "}\nspec:\n  hosts: [" +
         name + ".example]\n  http:\n  - name: only\n    directResponse: {status: 200, body: {string: " + answer +
         "}}\n---\n";
}

Json Body(const std::string& name, const std::string& answer) {
  config::Findings findings;
  const auto read = config::ToResources({{"x.yaml", Rule(name, answer)}}, "default", findings);
  return config::CanonicalBody(config::ToJson(read.front()->root), "default");
}

config::ResourceKey Key(const std::string& name) { return {"VirtualService", "default", name}; }

class LiveConfigTest : public ::testing::Test {
 protected:
  LiveConfigTest() { Open(); }

  void Open() {
    live.emplace(config::LoadOptions{.paths = {"rules/a.yaml"}}, 1);
    const core::Status opened = live->Open(directory.path());
    ASSERT_TRUE(opened) << opened.error().Text();
  }

  // Files with this text are read, and what they ask for is accepted.
  LiveConfig::Step ReadFile(const std::string& text) {
    config::Findings findings;
    return live->PrepareFiles(config::ToResources({{"rules/a.yaml", text}}, "default", findings), kNow);
  }
  void TakeFile(const std::string& text) {
    Change change;
    change.source = "file";
    ASSERT_TRUE(live->Commit(ReadFile(text), change, kNow, {}));
  }

  ChangeResult Take(std::vector<ObjectEdit> edits) {
    Change change;
    change.source = "api";
    change.edits = std::move(edits);
    auto step = live->Prepare(change, kNow);
    if (!step) return step.error();
    ChangeResult result;
    result.outcome = Outcome::kAccepted;
    live->Describe(*step, change, result);
    EXPECT_TRUE(live->Commit(std::move(*step), change, kNow, {}));
    return result;
  }
  ChangeResult Put(const std::string& name, const std::string& answer) {
    return Take({{.key = Key(name), .body = Body(name, answer)}});
  }

  std::string Answer(const std::string& name) const {
    const LiveObject* object = live->world().Find(Key(name));
    if (object == nullptr) return "";
    return object->body["spec"]["http"][0]["directResponse"]["body"]["string"];
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const LiveObject& object : live->world().objects()) names.push_back(object.key.name);
    return names;
  }

  TemporaryDirectory directory;
  std::optional<LiveConfig> live;
};

TEST_F(LiveConfigTest, AFileThatHasNotChangedNeverUndoesALiveChange) {
  TakeFile(Rule("a", "one") + Rule("b", "one"));
  Put("a", "two");

  const LiveConfig::Step again = ReadFile("# moved down\n" + Rule("a", "one") + Rule("b", "one"));

  EXPECT_TRUE(again.changes.empty());
  EXPECT_EQ(Answer("a"), "two");
  EXPECT_EQ(live->world().DriftOf(Key("a")), Drift::kChanged);
  EXPECT_EQ(live->world().DriftOf(Key("b")), Drift::kNone);
}

TEST_F(LiveConfigTest, AFileThatChangesReplacesWhatRunsObjectByObject) {
  TakeFile(Rule("a", "one") + Rule("b", "one"));
  Put("a", "two");
  Put("b", "two");

  TakeFile(Rule("a", "three") + Rule("b", "one"));

  EXPECT_EQ(Answer("a"), "three");
  EXPECT_EQ(Answer("b"), "two");
}

TEST_F(LiveConfigTest, WhatAFileDropsGoesAndWhatWasMadeLiveStays) {
  TakeFile(Rule("a", "one") + Rule("b", "one"));
  Put("c", "live");

  TakeFile(Rule("b", "one"));

  EXPECT_EQ(Names(), (std::vector<std::string>{"b", "c"}));
}

TEST_F(LiveConfigTest, AnObjectDeletedLiveStaysAwayUntilItsFileChanges) {
  TakeFile(Rule("a", "one") + Rule("b", "one"));
  Take({{.key = Key("a"), .body = std::nullopt}});
  EXPECT_EQ(live->world().DriftOf(Key("a")), Drift::kFileOnly);

  TakeFile(Rule("a", "one") + Rule("b", "two"));
  EXPECT_EQ(Answer("a"), "");
  TakeFile(Rule("a", "two") + Rule("b", "two"));
  EXPECT_EQ(Answer("a"), "two");
}

TEST_F(LiveConfigTest, ARestartComesBackToTheLastRevisionUnlessFilesHaveChanged) {
  const std::string text = Rule("a", "one") + Rule("b", "one");
  TakeFile(text);
  Put("a", "two");
  const std::uint64_t number = live->world().revision();

  live.reset();
  Open();
  EXPECT_TRUE(live->restored());
  EXPECT_TRUE(ReadFile(text).changes.empty());
  TakeFile(text);
  EXPECT_EQ(live->world().revision(), number);
  EXPECT_EQ(Answer("a"), "two");

  live.reset();
  Open();
  TakeFile(Rule("a", "one") + Rule("b", "three"));
  EXPECT_EQ(Answer("a"), "two");
  EXPECT_EQ(Answer("b"), "three");
  EXPECT_EQ(live->world().revision(), number + 1);
}

TEST_F(LiveConfigTest, ObjectsOfFilesComeInFileOrderThenThoseMadeLive) {
  TakeFile(Rule("z", "one") + Rule("m", "one"));
  Put("b", "live");
  Put("a", "live");

  const LiveConfig::Step step = ReadFile(Rule("m", "one") + Rule("n", "one") + Rule("z", "one"));

  std::vector<std::string> names;
  for (const auto& resource : step.resources) names.push_back(resource->key.name);
  EXPECT_EQ(names, (std::vector<std::string>{"m", "n", "z", "b", "a"}));
}

TEST_F(LiveConfigTest, LinesAreThoseOfTheFileWhileItSaysWhatRuns) {
  TakeFile(Rule("a", "one"));
  TakeFile("# one line more\n" + Rule("a", "one"));
  EXPECT_EQ(live->world().Find(Key("a"))->place.file, "rules/a.yaml");
  EXPECT_EQ(live->world().Find(Key("a"))->place.mark.line, 2u);

  Put("a", "two");
  EXPECT_EQ(live->world().Find(Key("a"))->place.file, "");
  EXPECT_EQ(live->Same().resources.front()->origin, "rules/VirtualService.default.a@live");
}

TEST_F(LiveConfigTest, AnEditHoldsOnlyForTheVersionItExpects) {
  TakeFile(Rule("a", "one"));
  const std::uint64_t version = live->world().Find(Key("a"))->version;

  EXPECT_EQ(Take({{.key = Key("a"), .body = Body("a", "two"), .expected_version = version}}).outcome,
            Outcome::kAccepted);
  const ChangeResult late = Take({{.key = Key("a"), .body = Body("a", "three"), .expected_version = version}});
  EXPECT_EQ(late.outcome, Outcome::kConflict);
  EXPECT_NE(late.error.find("has been modified"), std::string::npos) << late.error;
  EXPECT_EQ(Take({{.key = Key("a"), .body = Body("a", "x"), .expected_version = 0}}).outcome, Outcome::kConflict);
  EXPECT_EQ(Take({{.key = Key("q"), .body = std::nullopt}}).outcome, Outcome::kNotFound);
  EXPECT_EQ(Answer("a"), "two");
}

TEST_F(LiveConfigTest, TheSameAgainIsNoRevision) {
  TakeFile(Rule("a", "one"));
  const std::uint64_t number = live->world().revision();
  const ChangeResult result = Put("a", "one");
  EXPECT_EQ(result.outcome, Outcome::kUnchanged);
  ASSERT_EQ(result.objects.size(), 1u);
  EXPECT_EQ(live->world().revision(), number);
}

TEST_F(LiveConfigTest, GenerationCountsChangesOfTheSpecOnly) {
  TakeFile(Rule("a", "one"));
  Json labelled = Body("a", "one");
  labelled["metadata"]["labels"] = {{"team", "ranking"}};
  Take({{.key = Key("a"), .body = labelled}});
  EXPECT_EQ(live->world().Find(Key("a"))->generation, 1u);
  const std::string uid = live->world().Find(Key("a"))->uid;
  Put("a", "two");
  EXPECT_EQ(live->world().Find(Key("a"))->generation, 2u);
  EXPECT_EQ(live->world().Find(Key("a"))->uid, uid);
}

TEST_F(LiveConfigTest, SeveralObjectsChangeInOneRevisionAndTellTheirEvents) {
  TakeFile(Rule("a", "one"));
  const std::uint64_t before = live->world().revision();
  Take({{.key = Key("b"), .body = Body("b", "new")}, {.key = Key("a"), .body = std::nullopt}});

  EXPECT_EQ(live->world().revision(), before + 1);
  const auto events = live->world().EventsSince(before);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0]->type, WorldEvent::Type::kAdded);
  EXPECT_EQ((*events)[1]->type, WorldEvent::Type::kDeleted);
}

TEST_F(LiveConfigTest, ResourcesThatAreNoneOrThereTwiceCannotBeLoaded) {
  for (const std::string& text : {Rule("a", "one") + Rule("a", "two"), std::string("just: text\n")}) {
    const LiveConfig::Step step = ReadFile(text);
    config::Findings findings;
    EXPECT_FALSE(config::LoadResources(step.resources, {}, findings, "1").ok) << text;
    EXPECT_TRUE(step.changes.empty());
  }
}

// Of any shape: what matters is that it comes back as it was.
Json RandomBody(core::Random& random, const std::string& name) {
  Json rules = Json::array();
  for (std::uint64_t i = random.Below(4) + 1; i > 0; --i) {
    Json rule = {{"name", "rule-" + std::to_string(i)},
                 {"timeout", std::to_string(random.Below(900) + 1) + "ms"},
                 {"route",
                  {{{"destination", {{"host", name}, {"subset", "v" + std::to_string(random.Below(3))}}},
                    {"weight", random.Below(101)}}}}};
    if (random.Below(2) == 0) rule["match"] = {{{"headers", {{"x-\u00e9", {{"exact", "\n\t\"'\u0001"}}}}}}};
    if (random.Below(3) == 0) rule["mirrorPercentage"] = {{"value", 0.1 * static_cast<double>(random.Below(100))}};
    rules.push_back(std::move(rule));
  }
  return {{"apiVersion", random.Below(2) == 0 ? "networking.istio.io/v1" : "networking.istio.io/v1beta1"},
          {"kind", "VirtualService"},
          {"metadata", {{"name", name}, {"namespace", "default"}}},
          {"spec", {{"hosts", {name}}, {"http", std::move(rules)}}}};
}

std::map<std::string, std::string> TextsOf(const World& world) {
  std::map<std::string, std::string> texts;
  for (const LiveObject& object : world.objects()) texts.emplace(object.key.name, object.body.dump());
  return texts;
}

TEST(LiveConfigHistory, TenThousandRandomEditsAndBackIsByteForByteWhatItWas) {
  const bool memory = std::filesystem::is_directory("/dev/shm");  // the same calls, without the wait for a disk
  const std::filesystem::path base = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  const std::filesystem::path path = base / ("sluice-edits-" + std::to_string(::getpid()));
  LiveConfig live({}, 1);
  ASSERT_TRUE(live.Open(path.string()));
  core::Random random(20261126);
  std::map<std::uint64_t, std::map<std::string, std::string>> kept;
  Change change;
  change.source = "api";
  const auto submit = [&] {
    auto step = live.Prepare(change, kNow);
    if (!step) return;
    const core::Status done = live.Commit(std::move(*step), change, kNow, {});
    ASSERT_TRUE(done) << done.error().Text();
  };
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "m" + std::to_string(random.Below(20));
    const bool gone = live.world().Find(Key(name)) != nullptr && random.Below(8) == 0;
    change.edits = {{.key = Key(name), .body = gone ? std::nullopt : std::optional(RandomBody(random, name))}};
    submit();
    if (random.Below(1000) == 0) kept.emplace(live.world().revision(), TextsOf(live.world()));
  }
  ASSERT_GE(kept.size(), 3u);
  ASSERT_GT(live.world().revision(), 9'000u);

  for (const auto& [number, texts] : kept) {
    const auto back = ChangesBetween(live.store(), live.world().revision(), number);
    ASSERT_TRUE(back) << back.error().Text();
    change.source = "revert";
    change.edits.clear();
    for (const ObjectChange& made : *back) {
      change.edits.push_back({.key = made.key, .body = made.after ? std::optional(made.after->body) : std::nullopt});
    }
    submit();
    EXPECT_EQ(TextsOf(live.world()), texts) << "revert to " << number;
  }
  EXPECT_TRUE(live.store().Verify());
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace sluice::gateway

#include "gateway/store/revision_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/gateway/store/store_support.h"

namespace sluice::gateway {
namespace {

using RevisionStoreTest = StoreTest;

TEST_F(RevisionStoreTest, WhatWasAppendedIsThereAfterReopening) {
  EXPECT_EQ(store->Load()->number, 0u);
  EXPECT_EQ(Append({Put("b", 1), Put("a", 2)}), 1u);
  EXPECT_EQ(Append({Put("a", 3)}), 2u);
  EXPECT_EQ(Append({Drop("b"), Put("c", 4)}), 3u);

  Open();

  const auto world = store->Load();
  ASSERT_TRUE(world) << world.error().Text();
  EXPECT_EQ(world->number, 3u);
  EXPECT_EQ(TextOf(world->objects), "a=3 c=4");
  EXPECT_EQ(world->objects[0].uid, "uid-of-a");
  EXPECT_EQ(world->objects[0].created_us, 1'700'000'000'000'000);
  EXPECT_TRUE(store->Verify());
}

TEST_F(RevisionStoreTest, EveryRevisionCanBeLookedAtAgain) {
  Append({Put("b", 1), Put("a", 2)});
  Append({Drop("b")});
  Append({Put("b", 5)});

  EXPECT_EQ(TextOf(*store->ObjectsAt(1)), "b=1 a=2");
  EXPECT_EQ(TextOf(*store->ObjectsAt(2)), "a=2");
  EXPECT_EQ(TextOf(*store->ObjectsAt(3)), "a=2 b=5") << "made anew, so it comes last";
  EXPECT_EQ(store->ObjectsAt(4).error().code, core::ErrorCode::kNotFound);
}

TEST_F(RevisionStoreTest, FindTellsWhatARevisionMadeOfEachObject) {
  Append({Put("a", 1)});
  Append({Put("a", 2), Put("b", 1)});
  const auto revision = store->Find(2);
  ASSERT_TRUE(revision);
  ASSERT_EQ(revision->changes.size(), 2u);
  EXPECT_EQ(revision->changes[0].before->body["spec"]["weight"], 1);
  EXPECT_EQ(revision->changes[0].after->body["spec"]["weight"], 2);
  EXPECT_FALSE(revision->changes[1].before);
  EXPECT_EQ(revision->message, "why");
  EXPECT_EQ(revision->summary, std::vector<std::string>{"a line"});
}

TEST_F(RevisionStoreTest, RejectedChangesAreKeptAndChangeNothing) {
  Append({Put("a", 1)});
  Revision refused = Entry({Put("a", 2)}, "too bold");
  refused.accepted = false;
  refused.findings = {{config::Severity::kError, "IST0101", "no such host", "write another", {"x.yaml", {3, 4}}}};
  ASSERT_TRUE(store->Append(refused));
  EXPECT_EQ(refused.number, 1u);
  EXPECT_EQ(LastState(), "a=1");

  const auto history = store->History({});
  ASSERT_EQ(history->size(), 2u);
  EXPECT_FALSE((*history)[0].accepted);
  EXPECT_EQ((*history)[0].findings[0].place.mark.line, 3u);
  EXPECT_EQ(store->History({.rejected = false})->size(), 1u);
  EXPECT_EQ(Append({Put("a", 3)}), 2u);
  EXPECT_TRUE(store->Verify());
}

TEST_F(RevisionStoreTest, HistoryIsNewestFirstAndCanBeAskedForOneObject) {
  for (int i = 1; i <= 5; ++i) Append({Put(i % 2 == 0 ? "even" : "odd", i)});
  const auto newest = store->History({.limit = 2});
  EXPECT_EQ((*newest)[0].number, 5u);
  EXPECT_EQ(store->History({.limit = 2, .before_sequence = (*newest)[1].sequence})->front().number, 3u);
  EXPECT_EQ(store->History({.object = Key("even")})->size(), 2u);
  EXPECT_EQ(store->History({.object = config::ResourceKey{"VirtualService", "", ""}})->size(), 5u);
  EXPECT_EQ(store->History({.object = config::ResourceKey{"Gateway", "", ""}})->size(), 0u);
}

TEST_F(RevisionStoreTest, ALongHistoryOfManyObjectsStaysSmall) {
  std::vector<ObjectChange> all;
  for (int i = 0; i < 200; ++i) all.push_back(Put("m" + std::to_string(i), i));
  Revision first = Entry(std::move(all));
  FileBase files;
  for (int i = 0; i < 200; ++i) files.emplace(Key("m" + std::to_string(i)), std::string(16, 'a'));
  const std::vector<config::Finding> findings(100, {config::Severity::kWarning, "SL01", std::string(200, 'w'), "", {}});
  first.findings = findings;
  ASSERT_TRUE(store->Append(first, &files));
  constexpr int kRevisions = 500;
  for (int i = 0; i < kRevisions; ++i) {
    Revision revision = Entry({Put("m7", i)});
    revision.findings = findings;
    files[Key("m7")] = std::to_string(i);
    ASSERT_TRUE(store->Append(revision, &files));
  }
  EXPECT_EQ(store->History({.limit = 1})->front().findings.size(), findings.size());
  EXPECT_TRUE(store->Verify());
  store.reset();  // the journal goes into the file
  EXPECT_LT(std::filesystem::file_size(file()), kRevisions * 2048u) << "an entry with one object, and no more";
}

TEST_F(RevisionStoreTest, TheFileBaseIsKeptWithTheRevisionThatReadIt) {
  Revision revision = Entry({Put("a", 1)});
  const FileBase first = {{Key("a"), "1"}, {Key("b"), "2"}};
  ASSERT_TRUE(store->Append(revision, &first));
  const FileBase second = {{Key("a"), "3"}, {Key("c"), "4"}};
  ASSERT_TRUE(store->Append(revision, &second));
  Open();
  EXPECT_EQ(store->Load()->files, second);
}

TEST(RevisionStoreInMemory, KeepsTheNewestAndForgetsTheRest) {
  auto opened = RevisionStore::Open("");
  ASSERT_TRUE(opened) << opened.error().Text();
  RevisionStore& store = **opened;
  EXPECT_TRUE(store.in_memory());
  Revision first = Entry({Put("kept", 0)});
  ASSERT_TRUE(store.Append(first));
  for (int i = 1; i < 2500; ++i) {
    Revision revision = Entry({Put("a", i)});
    ASSERT_TRUE(store.Append(revision));
  }
  EXPECT_EQ(TextOf(store.Load()->objects), "kept=0 a=2499");
  EXPECT_EQ(TextOf(*store.ObjectsAt(2000)), "kept=0 a=1999");
  EXPECT_FALSE(store.ObjectsAt(1000)) << "it is not known any more";
  EXPECT_TRUE(store.Verify());
}

}  // namespace
}  // namespace sluice::gateway

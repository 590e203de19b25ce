#include "gateway/store/revision_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/base/random.h"
#include "tests/gateway/store/store_support.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

class RevisionStoreTest : public ::testing::Test {
 protected:
  RevisionStoreTest() { Open(); }

  void Open() {
    store.reset();
    auto opened = RevisionStore::Open(path());
    ASSERT_TRUE(opened) << opened.error().Text();
    store = std::move(*opened);
  }
  std::string path() const { return (directory.path() / "state").string(); }

  std::uint64_t Append(std::vector<ObjectChange> changes) {
    Revision revision = Entry(std::move(changes));
    const core::Status done = store->Append(revision);
    EXPECT_TRUE(done) << done.error().Text();
    return revision.number;
  }

  // Closes the store, runs `sql` on its file as somebody else would, opens it again.
  void Tamper(const std::string& sql, bool reopen = true) {
    store.reset();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open((path() + "/revisions.db").c_str(), &other), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(other, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
    sqlite3_close(other);
    if (reopen) Open();
  }

  std::string LastState() { return TextOf(store->Load()->objects); }

  TemporaryDirectory directory;
  std::unique_ptr<RevisionStore> store;
};

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

TEST_F(RevisionStoreTest, TheFileBaseIsKeptWithTheRevisionThatReadIt) {
  Revision revision = Entry({Put("a", 1)});
  const FileBase first = {{Key("a"), "1"}, {Key("b"), "2"}};
  ASSERT_TRUE(store->Append(revision, &first));
  const FileBase second = {{Key("a"), "3"}, {Key("c"), "4"}};
  ASSERT_TRUE(store->Append(revision, &second));
  Open();
  EXPECT_EQ(store->Load()->files, second);
}

TEST_F(RevisionStoreTest, EveryKindOfTamperingIsFoundOut) {
  const char* const kWays[] = {
      "UPDATE entries SET author = 'somebody' WHERE sequence = 2",
      "UPDATE entries SET time_us = time_us + 1 WHERE sequence = 1",
      "UPDATE entries SET message = '' WHERE sequence = 3",
      "UPDATE entries SET summary = '[]' WHERE sequence = 2",
      "UPDATE entries SET findings = '[{}]' WHERE sequence = 2",
      "UPDATE entries SET hash = 'ab' WHERE sequence = 4",
      "UPDATE entries SET accepted = 0 WHERE sequence = 4",
      "DELETE FROM entries WHERE sequence = 2",
      "DELETE FROM entries WHERE sequence = 1",
      "UPDATE objects SET object = replace(object, '\"weight\":2', '\"weight\":9') WHERE number = 2",
      "UPDATE objects SET name = 'z' WHERE number = 2",
      "UPDATE objects SET object = NULL WHERE number = 2",
      "DELETE FROM objects WHERE number = 3",
      "INSERT INTO objects SELECT kind, name_space, 'extra', number, 7, born, object FROM objects WHERE number = 1",
      "INSERT INTO objects SELECT kind, name_space, 'extra', 99, 0, born, object FROM objects WHERE number = 1",
      "UPDATE entries SET sequence = 9 WHERE sequence = 4",
      "UPDATE refused SET object = replace(object, '\"weight\":8', '\"weight\":9')",
  };
  for (const char* way : kWays) {
    store.reset();
    std::filesystem::remove_all(path());
    Open();
    for (int i = 1; i <= 4; ++i) Append({Put("a", i)});
    Revision refused = Entry({Put("a", 8)});
    refused.accepted = false;
    ASSERT_TRUE(store->Append(refused));
    Append({Put("a", 5)});
    ASSERT_TRUE(store->Verify());
    Tamper(way);
    EXPECT_FALSE(store->Verify()) << way;
  }
}

TEST_F(RevisionStoreTest, TheFileIsForItsOwnerOnlyAndForOneProcess) {
  struct stat info{};
  ASSERT_EQ(::stat((path() + "/revisions.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  const auto second = RevisionStore::Open(path());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().Text().find("another process"), std::string::npos) << second.error().Text();
}

TEST_F(RevisionStoreTest, ForeignFilesAreRefusedWithACure) {
  store.reset();
  for (const std::string& text : {std::string("this is no database, but long enough to be looked at as one........"),
                                  std::string(8192, '\x01')}) {
    std::filesystem::remove_all(path());
    std::filesystem::create_directory(path());
    std::ofstream(path() + "/revisions.db") << text;
    const auto opened = RevisionStore::Open(path());
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().cause.find("not a history of sluice"), std::string::npos) << opened.error().Text();
    EXPECT_FALSE(opened.error().cure.empty());
  }
  std::filesystem::remove_all(path());
  Open();
  Tamper("PRAGMA user_version=7", false);
  const auto newer = RevisionStore::Open(path());
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().cause.find("schema 7"), std::string::npos) << newer.error().Text();
}

TEST_F(RevisionStoreTest, AFullDiskRefusesTheChangeAndNothingElse) {
  Append({Put("a", 1)});
  // The limit on the size of files stands for the end of the disk; SQLite sees the same errors.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  LiveObject large = Object("a", 2);
  large.body["spec"]["padding"] = std::string(512 * 1024, 'x');
  Revision revision = Entry({{.key = Key("a"), .before = Object("a", 1), .after = large}});
  const core::Status refused = store->Append(revision);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().cure.empty()) << refused.error().Text();
  EXPECT_EQ(revision.number, 0u);
  EXPECT_EQ(LastState(), "a=1");
  EXPECT_EQ(Append({Put("a", 3)}), 2u) << "there is room again";
  Open();
  EXPECT_EQ(LastState(), "a=3");
  EXPECT_TRUE(store->Verify());
}

TEST_F(RevisionStoreTest, AKilledWriterLosesNothingThatItAcknowledged) {
  store.reset();
  core::Random random(7);
  for (int round = 0; round < 25; ++round) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto opened = RevisionStore::Open(path());
      if (!opened) ::_exit(1);
      for (int i = 0; i < 100; ++i) {
        Revision revision = Entry({Put("a", i), Put("b", i)});
        if (!(*opened)->Append(revision)) ::_exit(2);
        if (::write(acknowledged[1], &revision.number, sizeof(revision.number)) < 0) ::_exit(3);
      }
      ::_exit(0);
    }
    ::close(acknowledged[1]);
    std::uint64_t last = 0;
    const auto stop_after = random.Below(100);
    for (std::uint64_t i = 0; i < stop_after; ++i) {
      if (::read(acknowledged[0], &last, sizeof(last)) != static_cast<ssize_t>(sizeof(last))) break;
    }
    ::kill(child, SIGKILL);
    while (::read(acknowledged[0], &last, sizeof(last)) == static_cast<ssize_t>(sizeof(last))) {
    }
    ::close(acknowledged[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0);

    Open();
    EXPECT_GE(store->Load()->number, last) << "round " << round;
    EXPECT_TRUE(store->Verify());
    const auto objects = store->Load()->objects;
    if (!objects.empty()) {
      ASSERT_EQ(objects.size(), 2u);
      EXPECT_EQ(objects[0].body["spec"]["weight"], objects[1].body["spec"]["weight"]) << "both of a change, or neither";
    }
    store.reset();
  }
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

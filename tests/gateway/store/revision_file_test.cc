// The history as a file among others: rights, one owner, foreign files, a full disk, a killed writer.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/base/random.h"
#include "tests/gateway/store/store_support.h"

namespace sluice::gateway {
namespace {

using RevisionFileTest = StoreTest;

TEST_F(RevisionFileTest, FileAndJournalAreForTheirOwnerOnly) {
  Append({Put("a", 1)});
  struct stat info{};
  for (const std::string& name : {file(), file() + "-wal"}) {
    ASSERT_EQ(::stat(name.c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777u, 0600u) << name;
  }
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  store.reset();
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  Open();
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u) << "a lax copy is taken back";
}

TEST_F(RevisionFileTest, OneProcessHasTheFile) {
  const auto refused = [this] {
    const auto second = RevisionStore::Open(path());
    return !second && second.error().Text().find("another process") != std::string::npos;
  };
  EXPECT_TRUE(refused());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(refused() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  Append({Put("a", 1)});
  Open();
  EXPECT_EQ(LastState(), "a=1");
}

TEST_F(RevisionFileTest, TheWayToTheDirectoryMayBeALinkButNotTheFile) {
  Append({Put("a", 1)});
  store.reset();
  const std::filesystem::path link = directory.path() / "run";
  std::filesystem::create_symlink(path(), link);
  {
    const auto opened = RevisionStore::Open(link.string());
    ASSERT_TRUE(opened) << opened.error().Text();
    EXPECT_EQ(TextOf((*opened)->Load()->objects), "a=1");
  }
  const std::filesystem::path other = directory.path() / "other";
  std::filesystem::create_directory(other);
  std::filesystem::create_symlink(file(), other / "revisions.db");
  EXPECT_FALSE(RevisionStore::Open(other.string()));
}

TEST_F(RevisionFileTest, NothingIsAcknowledgedIntoAFileThatWasMovedAway) {
  Append({Put("a", 1)});
  std::filesystem::rename(file(), path() + "/old.db");
  Revision revision = Entry({Put("a", 2)});
  const core::Status refused = store->Append(revision);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().cause.find("moved away"), std::string::npos) << refused.error().Text();
  std::filesystem::rename(path() + "/old.db", file());
  EXPECT_EQ(Append({Put("a", 3)}), 2u);
}

TEST_F(RevisionFileTest, APathThatIsNoDirectoryIsRefusedWithACure) {
  const std::filesystem::path plain = directory.Write("plain", "x");
  for (const std::string& path : {plain.string(), (plain / "below").string(), (directory.path() / "a/b/c").string()}) {
    const auto opened = RevisionStore::Open(path);
    ASSERT_FALSE(opened) << path;
    EXPECT_NE(opened.error().cause.find(path), std::string::npos) << opened.error().Text();
    EXPECT_FALSE(opened.error().cure.empty());
  }
}

TEST_F(RevisionFileTest, ForeignFilesAreRefusedWithACure) {
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
  Tamper("PRAGMA user_version=7");
  const auto newer = RevisionStore::Open(path());
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().cause.find("schema 7"), std::string::npos) << newer.error().Text();
}

TEST_F(RevisionFileTest, AFullDiskRefusesTheChangeAndNothingElse) {
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
  EXPECT_TRUE(store->Verify()) << store->Verify().error().Text();
  EXPECT_EQ(Append({Put("a", 3)}), 2u) << "there is room again";
  Open();
  EXPECT_EQ(LastState(), "a=3");
  EXPECT_TRUE(store->Verify());
}

TEST_F(RevisionFileTest, AKilledWriterLosesNothingThatItAcknowledged) {
  store.reset();
  core::Random random(7);
  for (int round = 0; round < 25; ++round) {
    const std::int64_t last = LastBeforeKill(random.Below(100), [&](auto acknowledge) {
      auto opened = RevisionStore::Open(path());
      if (!opened) ::_exit(1);
      for (int i = 0; i < 100; ++i) {
        Revision revision = Entry({Put("a", i), Put("b", i)});
        if (!(*opened)->Append(revision)) ::_exit(2);
        acknowledge(static_cast<std::int64_t>(revision.number));
      }
    });

    Open();
    EXPECT_GE(static_cast<std::int64_t>(store->Load()->number), last) << "round " << round;
    EXPECT_TRUE(store->Verify());
    const auto objects = store->Load()->objects;
    if (!objects.empty()) {
      ASSERT_EQ(objects.size(), 2u);
      EXPECT_EQ(objects[0].body["spec"]["weight"], objects[1].body["spec"]["weight"]) << "both of a change, or neither";
    }
    store.reset();
  }
}

}  // namespace
}  // namespace sluice::gateway

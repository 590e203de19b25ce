// That nobody changes the history unseen, whatever he changes with SQLite's own tools.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/gateway/store/store_support.h"

namespace sluice::gateway {
namespace {

class RevisionCheckTest : public StoreTest {
 protected:
  // Four revisions, a refused change, a fifth; then the files were read, and an object went.
  void Fill() {
    for (int i = 1; i <= 4; ++i) Append({Put("a", i)});
    Revision refused = Entry({Put("a", 8)});
    refused.accepted = false;
    refused.findings = {{config::Severity::kError, "IST0101", "no such host", "", {}}};
    ASSERT_TRUE(store->Append(refused));
    Append({Put("a", 5), Put("b", 1)});
    Revision read = Entry({Put("c", 1)});
    const FileBase files = {{Key("c"), "digest"}};
    ASSERT_TRUE(store->Append(read, &files));
    Append({Drop("c")});
    ASSERT_TRUE(store->Verify()) << store->Verify().error().Text();
    Keep();
  }

  // What is in the file, and the file as it was.
  void Keep() {
    store.reset();
    std::ifstream in(file(), std::ios::binary);
    kept = {std::istreambuf_iterator<char>(in), {}};
  }
  void Restore(const std::string& bytes) {
    store.reset();
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string kept;
};

TEST_F(RevisionCheckTest, EveryKindOfTamperingIsFoundOut) {
  const char* const kWays[] = {
      // An entry says something else.
      "UPDATE entries SET author = 'somebody' WHERE sequence = 2",
      "UPDATE entries SET source = 'file' WHERE sequence = 2",
      "UPDATE entries SET time_us = time_us + 1 WHERE sequence = 1",
      "UPDATE entries SET message = '' WHERE sequence = 3",
      "UPDATE entries SET summary = '[]' WHERE sequence = 2",
      "UPDATE entries SET findings = 'ab' WHERE sequence = 2",
      "UPDATE entries SET findings = '' WHERE sequence = 5",
      "UPDATE texts SET text = replace(text, 'no such host', 'all is well')",
      "DELETE FROM texts",
      "UPDATE entries SET files = '' WHERE files <> ''",
      "UPDATE entries SET hash = 'ab' WHERE sequence = 4",
      "UPDATE entries SET previous_hash = 'ab' WHERE sequence = 4",
      "UPDATE entries SET accepted = 0 WHERE sequence = 4",
      "UPDATE entries SET accepted = 1 WHERE sequence = 5",
      "PRAGMA ignore_check_constraints=ON; UPDATE entries SET accepted = 2 WHERE sequence = 4",
      "UPDATE entries SET number = 7 WHERE sequence = 4",
      // Entries are missing, or stand elsewhere.
      "DELETE FROM entries WHERE sequence = 2",
      "DELETE FROM entries WHERE sequence = 1",
      "DELETE FROM entries WHERE sequence = 5; DELETE FROM refused",
      "DELETE FROM entries WHERE sequence = 8; DELETE FROM objects WHERE number = 7",
      "DELETE FROM entries WHERE sequence <= 4; DELETE FROM objects WHERE number <= 4",
      "DELETE FROM entries; DELETE FROM objects; DELETE FROM refused; DELETE FROM files",
      "DELETE FROM head",
      "UPDATE entries SET sequence = 19 WHERE sequence = 8",
      ("UPDATE entries SET sequence = 99 WHERE sequence = 2; UPDATE entries SET sequence = 2 WHERE sequence = 3; "
       "UPDATE entries SET sequence = 3 WHERE sequence = 99"),
      // Objects were otherwise.
      "UPDATE objects SET object = replace(object, '\"weight\":2', '\"weight\":9') WHERE number = 2",
      "UPDATE objects SET object = replace(object, 'uid-of-a', 'uid-of-z') WHERE number = 2",
      "UPDATE objects SET name = 'z' WHERE number = 2",
      "UPDATE objects SET object = NULL WHERE number = 2",
      "UPDATE objects SET born = 1 WHERE name = 'b'",
      "UPDATE objects SET place = 1 - place WHERE number = 5",
      "PRAGMA ignore_check_constraints=ON; UPDATE objects SET object = '' WHERE object IS NULL",
      "DELETE FROM objects WHERE number = 3",
      "INSERT INTO objects SELECT kind, name_space, 'extra', number, 7, born, object FROM objects WHERE number = 1",
      "INSERT INTO objects SELECT kind, name_space, 'extra', 99, 0, born, object FROM objects WHERE number = 1",
      "INSERT INTO objects SELECT kind, name_space, 'extra', 0, 0, born, object FROM objects WHERE number = 1",
      // What was refused, and what the files said.
      "UPDATE refused SET object = replace(object, '\"weight\":8', '\"weight\":9')",
      "INSERT INTO refused SELECT 2, place, kind, name_space, name, object FROM refused",
      "UPDATE files SET digest = 'other'",
      "INSERT INTO files SELECT kind, name_space, 'more', digest FROM files",
      "DELETE FROM files",
  };
  Fill();
  for (const char* way : kWays) {
    Restore(kept);
    Tamper(way);
    Open();
    EXPECT_FALSE(store->Verify()) << way;
  }
}

TEST_F(RevisionCheckTest, TheErrorNamesTheEntryAndWhatToDo) {
  Fill();
  Tamper("UPDATE entries SET author = 'somebody' WHERE sequence IN (3, 6)");
  Open();
  const core::Status sound = store->Verify();
  ASSERT_FALSE(sound);
  EXPECT_NE(sound.error().cause.find("entry 3 "), std::string::npos) << sound.error().Text();
  EXPECT_FALSE(sound.error().cure.empty());
}

TEST_F(RevisionCheckTest, AStartLooksAtTheEndOfTheChain) {
  Fill();
  for (const char* way : {"UPDATE entries SET author = 'somebody' WHERE sequence = 8",
                          "DELETE FROM entries WHERE sequence = 8; DELETE FROM objects WHERE number = 7",
                          "UPDATE files SET digest = 'other'", "DELETE FROM entries; DELETE FROM objects"}) {
    Restore(kept);
    Tamper(way);
    Open();
    EXPECT_FALSE(store->Load()) << way;
  }
}

TEST_F(RevisionCheckTest, AHistoryOfAnyLengthIsSoundAsLongAsNobodyTouchesIt) {
  for (int i = 1; i <= 40; ++i) {
    Append({Put("a", i)});
    const auto world = store->Load();
    ASSERT_TRUE(world) << "after " << i << ": " << world.error().Text();
    ASSERT_TRUE(store->Verify()) << "after " << i;
  }
}

TEST_F(RevisionCheckTest, ADamagedFileIsAnErrorWhereverItIsDamaged) {
  std::vector<ObjectChange> many;
  for (int i = 0; i < 200; ++i) many.push_back(Put("m" + std::to_string(i), i));
  Append(many);
  Fill();
  ASSERT_GT(kept.size(), 60'000u);
  for (std::size_t at = 0; at + 512 <= kept.size(); at += 4096) {
    std::string damaged = kept;
    for (std::size_t i = 0; i < 512; ++i) damaged[at + i] = static_cast<char>(damaged[at + i] ^ 0x5a);
    Restore(damaged);
    const auto opened = RevisionStore::Open(path());
    if (opened) {
      EXPECT_FALSE((*opened)->Verify()) << "at " << at;
    } else {
      EXPECT_FALSE(opened.error().cure.empty()) << opened.error().Text();
    }
  }
}

}  // namespace
}  // namespace sluice::gateway

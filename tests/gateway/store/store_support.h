// Objects and entries for the tests of the history, spelled short, and a store of their own. Tests of gateway/store only.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/store/revision_store.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {

inline config::ResourceKey Key(const std::string& name) { return {"VirtualService", "ml", name}; }

inline LiveObject Object(const std::string& name, int weight) {
  LiveObject object;
  object.key = Key(name);
  object.body = {{"apiVersion", "networking.istio.io/v1"},
                 {"kind", "VirtualService"},
                 {"metadata", {{"name", name}, {"namespace", "ml"}}},
                 {"spec", {{"hosts", {name}}, {"weight", weight}}}};
  object.uid = "uid-of-" + name;
  object.created_us = 1'700'000'000'000'000;
  return object;
}

inline Revision Entry(std::vector<ObjectChange> changes, const std::string& message = "why") {
  Revision revision;
  revision.time_us = 1'700'000'000'000'000;
  revision.author = "admin-token";
  revision.source = "api";
  revision.message = message;
  revision.summary = {"a line"};
  revision.changes = std::move(changes);
  return revision;
}

inline ObjectChange Put(const std::string& name, int weight) {
  return {.key = Key(name), .before = std::nullopt, .after = Object(name, weight)};
}

inline ObjectChange Drop(const std::string& name) { return {.key = Key(name), .before = Object(name, 0)}; }

// "a=1 b=2", in the order of the list.
inline std::string TextOf(const std::vector<LiveObject>& objects) {
  std::string text;
  for (const LiveObject& object : objects) {
    text += (text.empty() ? "" : " ") + object.key.name + "=" + object.body["spec"]["weight"].dump();
  }
  return text;
}

// A store in a directory that does not exist yet.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open() {
    store.reset();
    auto opened = RevisionStore::Open(path());
    ASSERT_TRUE(opened) << opened.error().Text();
    store = std::move(*opened);
  }
  std::string path() const { return (directory.path() / "state").string(); }
  std::string file() const { return path() + "/revisions.db"; }

  std::uint64_t Append(std::vector<ObjectChange> changes) {
    Revision revision = Entry(std::move(changes));
    const core::Status done = store->Append(revision);
    EXPECT_TRUE(done) << done.error().Text();
    return revision.number;
  }

  // Closes the store and runs `sql` on its file as somebody else would.
  void Tamper(const std::string& sql) {
    store.reset();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(other, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
    sqlite3_close(other);
  }

  std::string LastState() {
    const auto world = store->Load();
    return world ? TextOf(world->objects) : world.error().Text();
  }

  TemporaryDirectory directory;
  std::unique_ptr<RevisionStore> store;
};

}  // namespace sluice::gateway

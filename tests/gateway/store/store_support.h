// Objects and entries for the tests of the history, spelled short, and a store of their own. Tests of gateway/store only.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
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

// What a process that is killed in the middle of its writes had acknowledged before: the last of the numbers that it told,
// -1 when it told none. `write` opens the store by itself and calls its argument with each number that is safe. It is
// killed when so many of them have come.
template <typename Write>
std::int64_t LastBeforeKill(std::uint64_t acknowledged, Write write) {
  int told[2];
  const pid_t child = ::pipe(told) == 0 ? ::fork() : -1;
  if (child < 0) {
    ADD_FAILURE() << "no child: " << std::strerror(errno);
    return -1;
  }
  if (child == 0) {
    write([&told](std::int64_t number) {
      if (::write(told[1], &number, sizeof(number)) < 0) ::_exit(3);
    });
    ::_exit(0);
  }
  ::close(told[1]);
  std::int64_t last = -1;
  const auto hears = [&] { return ::read(told[0], &last, sizeof(last)) == static_cast<ssize_t>(sizeof(last)); };
  for (std::uint64_t i = 0; i < acknowledged; ++i) {
    if (!hears()) break;
  }
  ::kill(child, SIGKILL);
  while (hears()) {
  }
  ::close(told[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
  return last;
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

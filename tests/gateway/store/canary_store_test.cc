// Where canaries are, beside the history in one file: rows and what happened, both or neither.
#include "gateway/store/canary_store.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "core/base/random.h"
#include "tests/gateway/store/store_support.h"

namespace sluice::gateway {
namespace {

using config::Json;

CanaryEvent Event(const std::string& text, const std::string& canary = "ml/ranking") {
  return {.time_us = 1'700'000'000'000'000,
          .canary = canary,
          .what = "stage",
          .text = text,
          .author = "canary",
          .revision = 7,
          .numbers = {{"champion", 0.001}}};
}

class CanaryStoreTest : public StoreTest {
 protected:
  CanaryStore& canaries() { return store->canaries(); }
  std::string Rows() {
    const auto rows = canaries().Load();
    if (!rows) return rows.error().Text();
    std::string text;
    for (const CanaryStore::Row& row : *rows) text += row.canary + ' ' + row.state.dump() + '\n';
    return text;
  }
  std::string Texts(const std::string& canary, std::size_t limit = 10) {
    const auto events = canaries().Events(canary, limit);
    if (!events) return events.error().Text();
    std::string text;
    for (const CanaryEvent& event : *events) text += event.text + '\n';
    return text;
  }
};

TEST_F(CanaryStoreTest, RowsAndEventsComeBackAfterARestart) {
  const CanaryEvent entered = Event("5 % now");
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, &entered));
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 1}}, nullptr));
  ASSERT_TRUE(canaries().Save("ml/other", {{"stage", 2}}, nullptr));

  Open();

  EXPECT_EQ(Rows(), "ml/other {\"stage\":2}\nml/ranking {\"stage\":1}\n");
  const auto events = canaries().Events("ml/ranking", 10);
  ASSERT_TRUE(events) << events.error().Text();
  ASSERT_EQ(events->size(), 1u);
  const CanaryEvent& event = events->front();
  EXPECT_EQ(event.time_us, entered.time_us);
  EXPECT_EQ(event.canary, "ml/ranking");
  EXPECT_EQ(event.what, "stage");
  EXPECT_EQ(event.text, "5 % now");
  EXPECT_EQ(event.author, "canary");
  EXPECT_EQ(event.revision, 7u);
  EXPECT_EQ(event.numbers, entered.numbers);
}

TEST_F(CanaryStoreTest, EventsComeNewestFirstOfOneCanaryOrOfAll) {
  for (const char* text : {"one", "two", "three"}) {
    const CanaryEvent event = Event(text, text[0] == 't' ? "ml/t" : "ml/o");
    ASSERT_TRUE(canaries().Save(event.canary, Json::object(), &event));
  }
  EXPECT_EQ(Texts("ml/t"), "three\ntwo\n");
  EXPECT_EQ(Texts(""), "three\ntwo\none\n");
  EXPECT_EQ(Texts("", 1), "three\n");
  EXPECT_EQ(Texts("ml/nothing"), "");
}

TEST_F(CanaryStoreTest, AForgottenCanaryLeavesWhatHappenedToIt) {
  const CanaryEvent event = Event("5 % now");
  ASSERT_TRUE(canaries().Save("ml/ranking", Json::object(), &event));
  const CanaryEvent last = Event("deleted");
  ASSERT_TRUE(canaries().Forget("ml/ranking", &last));
  EXPECT_EQ(Rows(), "");
  EXPECT_EQ(Texts("ml/ranking"), "deleted\n5 % now\n");
  EXPECT_TRUE(canaries().Forget("ml/ranking")) << "twice is as good as once";
}

TEST_F(CanaryStoreTest, TheOldestEventsOfACanaryGo) {
  store.reset();
  store = std::move(*RevisionStore::Open(""));
  const CanaryEvent other = Event("stays", "ml/quiet");
  ASSERT_TRUE(canaries().Save(other.canary, Json::object(), &other));
  for (std::size_t i = 0; i < CanaryStore::kEventsMax + 5; ++i) {
    const CanaryEvent event = Event(std::to_string(i));
    ASSERT_TRUE(canaries().Save(event.canary, Json::object(), &event));
  }
  const auto events = canaries().Events("ml/ranking", 5000);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->size(), CanaryStore::kEventsMax);
  EXPECT_EQ(events->front().text, std::to_string(CanaryStore::kEventsMax + 4));
  EXPECT_EQ(events->back().text, "5");
  EXPECT_EQ(Texts("ml/quiet"), "stays\n");
}

TEST_F(CanaryStoreTest, TheHistoryStaysIntactBesideIt) {
  Append({Put("a", 1)});
  const CanaryEvent event = Event("5 % now");
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, &event));
  Append({Put("a", 2)});
  EXPECT_TRUE(store->Verify()) << store->Verify().error().Text();
  Open();
  EXPECT_EQ(LastState(), "a=2");
  EXPECT_TRUE(store->Verify());
}

TEST_F(CanaryStoreTest, AHistoryFromBeforeThereWereCanariesGetsTheTables) {
  Append({Put("a", 1)});
  Tamper("DROP TABLE canaries; DROP TABLE canary_events");
  Open();
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, nullptr));
  EXPECT_EQ(Rows(), "ml/ranking {\"stage\":0}\n");
  EXPECT_EQ(LastState(), "a=1");
}

TEST_F(CanaryStoreTest, NothingIsAcknowledgedIntoAFileThatWasMovedAway) {
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, nullptr));
  std::filesystem::rename(file(), path() + "/old.db");
  const core::Status refused = canaries().Save("ml/ranking", {{"stage", 1}}, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().cause.find("moved away"), std::string::npos) << refused.error().Text();
  EXPECT_FALSE(canaries().Forget("ml/ranking"));
  std::filesystem::rename(path() + "/old.db", file());
  EXPECT_EQ(Rows(), "ml/ranking {\"stage\":0}\n");
}

TEST_F(CanaryStoreTest, AFullDiskWritesNeitherRowNorEvent) {
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, nullptr));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const CanaryEvent event = Event("5 % now");
  const core::Status refused =
      canaries().Save("ml/ranking", {{"stage", 1}, {"padding", std::string(512 * 1024, 'x')}}, &event);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().cure.empty()) << refused.error().Text();
  EXPECT_EQ(Rows(), "ml/ranking {\"stage\":0}\n");
  EXPECT_EQ(Texts("ml/ranking"), "");
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 1}}, &event)) << "there is room again";
  EXPECT_EQ(Texts("ml/ranking"), "5 % now\n");
}

TEST_F(CanaryStoreTest, WhatIsNoJsonIsDamageAndSaysSo) {
  ASSERT_TRUE(canaries().Save("ml/ranking", {{"stage", 0}}, nullptr));
  Tamper("UPDATE canaries SET state='{'");
  Open();
  const auto rows = canaries().Load();
  ASSERT_FALSE(rows);
  EXPECT_FALSE(rows.error().cure.empty()) << rows.error().Text();
}

TEST_F(CanaryStoreTest, AKilledWriterLosesNothingThatItAcknowledged) {
  store.reset();
  core::Random random(11);
  for (int round = 0; round < 25; ++round) {
    const std::int64_t last = LastBeforeKill(random.Below(100), [&](auto acknowledge) {
      auto opened = RevisionStore::Open(path());
      if (!opened) ::_exit(1);
      for (int i = 0; i < 100; ++i) {
        const CanaryEvent event = Event(std::to_string(round * 100 + i));
        if (!(*opened)->canaries().Save("ml/ranking", round * 100 + i, &event)) ::_exit(2);
        acknowledge(i);
      }
    });

    Open();
    const auto rows = canaries().Load();
    ASSERT_TRUE(rows) << rows.error().Text();
    if (last >= 0) {
      ASSERT_EQ(rows->size(), 1u) << "round " << round;
      EXPECT_GE(rows->front().state.get<int>(), round * 100 + last);
      EXPECT_EQ(Texts("ml/ranking", 1), rows->front().state.dump() + '\n') << "both, or neither";
    }
    EXPECT_TRUE(store->Verify());
    store.reset();
  }
}

}  // namespace
}  // namespace sluice::gateway

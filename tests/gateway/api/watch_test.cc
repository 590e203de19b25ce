// Watches: what they tell, from where on, and when they end.
#include "gateway/api/watch.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/small_world.h"

namespace sluice::gateway {
namespace {

using config::Json;

class WatchTest : public ::testing::Test {
 protected:
  void SetUp() override { small_.Load(kRules); }

  std::shared_ptr<ObjectWatch> Begin(const std::string& query, std::string_view accept = "application/json") {
    AdminAnswer answer = small_.Ask("GET", std::string(kVirtualServices) + "?watch=true" + query, {}, {}, accept);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.watch;
  }

  std::vector<Json> News(ObjectWatch& watch) {
    std::vector<Json> events;
    std::istringstream lines(watch.Next(small_.world(), SmallWorld::kNow));
    for (std::string line; std::getline(lines, line);) events.push_back(Json::parse(line));
    return events;
  }

  void Label(const std::string& value) {
    const Json patch = {{"metadata", {{"labels", {{"team", value}}}}}};
    EXPECT_EQ(small_.Ask("PATCH", kVirtualService, patch.dump(), "application/merge-patch+json").status, 200);
  }

  SmallWorld small_;
};

TEST_F(WatchTest, BeginsWithAllThatThereIsWhenNoRevisionIsNamed) {
  const auto watch = Begin("");

  const auto events = News(*watch);

  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[0]["object"]["metadata"]["name"], "ranking-vs");
  EXPECT_TRUE(News(*watch).empty());
}

TEST_F(WatchTest, TellsChangesAfterARevision) {
  const auto watch = Begin("&resourceVersion=1&timeoutSeconds=30");
  EXPECT_EQ(watch->timeout_seconds(), 30);
  EXPECT_TRUE(News(*watch).empty());

  Label("x");
  auto events = News(*watch);
  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0]["type"], "MODIFIED");
  EXPECT_EQ(events[0]["object"]["metadata"]["resourceVersion"], "2");

  small_.Ask("DELETE", kVirtualService);
  events = News(*watch);
  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0]["type"], "DELETED");
  EXPECT_EQ(events[0]["object"]["metadata"]["resourceVersion"], "3");
}

TEST_F(WatchTest, ChangesOfOtherKindsAreNotTold) {
  const auto watch = Begin("&resourceVersion=1");
  const Json patch = {{"metadata", {{"labels", {{"a", "b"}}}}}};

  small_.Ask("PATCH", "/apis/networking.istio.io/v1/namespaces/ml/destinationrules/ranking", patch.dump(),
             "application/merge-patch+json");

  EXPECT_EQ(small_.world().revision(), 2);
  EXPECT_TRUE(News(*watch).empty());
}

TEST_F(WatchTest, LeavingASelectorIsADeletionAndJoiningItAnAddition) {
  const auto watch = Begin("&resourceVersion=1&labelSelector=team%3Dranking");
  EXPECT_TRUE(News(*watch).empty());

  Label("other");
  EXPECT_EQ(News(*watch).at(0)["type"], "DELETED");
  Label("third");
  EXPECT_TRUE(News(*watch).empty());
  Label("ranking");
  EXPECT_EQ(News(*watch).at(0)["type"], "ADDED");
}

TEST_F(WatchTest, TablesTellTheirColumnsOnce) {
  const auto watch = Begin("&resourceVersion=1", "application/json;as=Table;v=v1;g=meta.k8s.io");
  Label("x");
  Label("y");

  const auto events = News(*watch);

  ASSERT_EQ(events.size(), 2);
  EXPECT_FALSE(events[0]["object"]["columnDefinitions"].empty());
  EXPECT_TRUE(events[1]["object"]["columnDefinitions"].empty());
  EXPECT_EQ(events[1]["object"]["rows"][0]["object"]["metadata"]["labels"]["team"], "y");
}

TEST_F(WatchTest, WhoWasAwayTooLongListsAgain) {
  const auto watch = Begin("&resourceVersion=1");
  for (std::size_t i = 0; i <= World::kEventsMax; ++i) Label("x" + std::to_string(i));

  const auto events = News(*watch);

  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0]["type"], "ERROR");
  EXPECT_EQ(events[0]["object"]["code"], 410);
  EXPECT_TRUE(watch->ended());
  EXPECT_TRUE(News(*watch).empty());
}

TEST_F(WatchTest, ARevisionOfAnotherLifeIsExpired) {
  const auto watch = Begin("&resourceVersion=99");

  EXPECT_EQ(News(*watch).at(0)["object"]["reason"], "Expired");
}

}  // namespace
}  // namespace sluice::gateway

#include "core/plan/arrival.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::core {
namespace {

class ArrivalTest : public testing::Test {
 protected:
  Arrival Prepare(std::string_view target, const ArrivalContext& context = {}) {
    request_.method = "GET";
    request_.path = target;
    return PrepareArrival(request_, settings_, context, random_, arena_);
  }

  Arena arena_;
  Random random_{1};
  Settings settings_;
  Head request_{arena_};
};

TEST_F(ArrivalTest, SplitsTheNormalisedTargetAndTellsTheOrigin) {
  const Arrival arrival = Prepare("/a/../rank?u=1", {.forwarding = {.peer_address = "10.0.0.9"}});

  EXPECT_EQ(arrival.fault, ArrivalFault::kNone);
  EXPECT_EQ(arrival.path, "/rank");
  EXPECT_EQ(arrival.query, "u=1");
  EXPECT_EQ(request_.path, "/rank?u=1");
  EXPECT_EQ(arrival.client_address, "10.0.0.9");
  EXPECT_EQ(arrival.forwarded_for, "10.0.0.9");
  EXPECT_EQ(arrival.request_id.size(), 36u);
}

TEST_F(ArrivalTest, AClientCertificateIsToldOnlyByUs) {
  request_.headers.AddCopy("x-forwarded-client-cert", "forged");
  Prepare("/", {.client_certificate = "Hash=1"});

  EXPECT_EQ(request_.headers.Find("x-forwarded-client-cert"), "Hash=1");
}

TEST_F(ArrivalTest, BadPathsAreRefusedAndKeptAsTheyCame) {
  const Arrival bad = Prepare("/a%00");
  EXPECT_EQ(bad.fault, ArrivalFault::kBadPath);
  EXPECT_TRUE(bad.path.empty());
  EXPECT_EQ(request_.path, "/a%00");
  EXPECT_EQ(ArrivalStatus(bad.fault), 400);
  EXPECT_EQ(ArrivalDetails(bad.fault), "path_normalization_failed");

  EXPECT_EQ(Prepare("*").fault, ArrivalFault::kNoPath);
}

TEST_F(ArrivalTest, OnlyTheProtocolsOfTheSettingsMayTakeOver) {
  request_.upgrade = "websocket";
  EXPECT_EQ(Prepare("/").fault, ArrivalFault::kNone);

  request_.upgrade = "dns";
  const Arrival refused = Prepare("/");
  EXPECT_EQ(refused.fault, ArrivalFault::kUpgrade);
  EXPECT_EQ(ArrivalStatus(refused.fault), 403);
}

class FindPlaceTest : public testing::Test {
 protected:
  FindPlaceTest() {
    listener_.port = 8443;
    listener_.transport = Listener::Transport::kTls;
    listener_.servers.resize(2);
    listener_.server_by_host = HostIndex(std::vector<HostIndex::Entry>{{"a.test", 0}, {"*.b.test", 1}});
  }

  Listener listener_;
};

TEST_F(FindPlaceTest, ServersAreChosenByHost) {
  const Place place = FindPlace(&listener_, "x.b.test:8443", "x.b.test");
  EXPECT_EQ(place.entry, Entry::kServer);
  EXPECT_EQ(place.server, &listener_.servers[1]);
  EXPECT_EQ(FindPlace(&listener_, "c.test", "a.test").entry, Entry::kNoServer);
}

TEST_F(FindPlaceTest, AHostOfAnotherServerThanTheHandshakesIsMisdirected) {
  EXPECT_EQ(FindPlace(&listener_, "a.test", "x.b.test").entry, Entry::kOtherServer);
  listener_.transport = Listener::Transport::kPlaintext;
  EXPECT_EQ(FindPlace(&listener_, "a.test", "").entry, Entry::kServer);
}

TEST_F(FindPlaceTest, TheOwnPortHasEveryRuleAndAPortThatIsGoneNone) {
  const Listener own;
  EXPECT_EQ(FindPlace(&own, "anything", "").entry, Entry::kOwnPort);
  EXPECT_EQ(FindPlace(nullptr, "anything", "").entry, Entry::kNoServer);
}

}  // namespace
}  // namespace sluice::core

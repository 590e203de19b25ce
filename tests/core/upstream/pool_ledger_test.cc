#include "core/upstream/pool_ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {
namespace {

using State = LedgerConnection::State;

class PoolLedgerTest : public testing::Test {
 protected:
  // Every test leaves as it came: nothing is in the books that nobody holds.
  void TearDown() override {
    for (LedgerConnection& connection : connections_) Close(ledger_, connection);
    while (ledger_.waiting() > 0) ledger_.OnWaitingGone();
    EXPECT_EQ(state().connections.in_use(), 0u);
    EXPECT_EQ(state().pending.in_use(), 0u);
    EXPECT_EQ(state().requests.in_use(), 0u);
    EXPECT_EQ(host().active_requests, 0u);
    EXPECT_EQ(host().connections_active, 0u);
    EXPECT_EQ(ledger_.connections(), 0u);
    EXPECT_EQ(ledger_.connecting(), 0u);
    EXPECT_EQ(ledger_.active_streams(), 0u);
  }

  ClusterState& state() { return *cluster_.state; }
  ClusterState::Counters& counters() { return cluster_.state->counters; }
  EndpointState& host() { return *cluster_.endpoints[0].state; }
  LedgerConnection& at(std::size_t index) { return connections_[index]; }

  static void Close(PoolLedger& ledger, LedgerConnection& connection) {
    while (connection.active() > 0) ledger.OnStreamFinished(connection);
    ledger.OnClosed(connection);
  }
  // A request that makes the pool open connection `index`.
  void RequestConnects(std::size_t index) {
    ASSERT_EQ(ledger_.Request().action, PoolAction::kConnect);
    ledger_.OnConnecting(at(index));
  }
  void Uses(const PoolDecision& decision, std::size_t index) {
    ASSERT_EQ(decision.action, PoolAction::kUseConnection);
    EXPECT_EQ(decision.connection, &at(index));
  }
  // Connection `index` is up with one stream on it.
  void MakeBusy(std::size_t index, std::uint32_t capacity = 1) {
    RequestConnects(index);
    ledger_.OnReady(at(index), capacity);
    Uses(ledger_.BindWaiting(), index);
  }
  void Finish(std::size_t index) { ledger_.OnStreamFinished(at(index)); }

  Cluster cluster_ = MakeCluster(2);
  std::array<LedgerConnection, 6> connections_;
  PoolLedger ledger_{cluster_, cluster_.endpoints[0]};
};

TEST_F(PoolLedgerTest, TheFirstRequestWaitsForAConnectionThatIsOpenedForIt) {
  EXPECT_EQ(ledger_.Request().action, PoolAction::kConnect);
  ledger_.OnConnecting(at(0));
  EXPECT_EQ(at(0).state(), State::kConnecting);
  EXPECT_EQ(ledger_.waiting(), 1u);
  EXPECT_EQ(state().pending.in_use(), 1u);
  EXPECT_EQ(state().requests.in_use(), 0u) << "a waiting request is not active";
  EXPECT_EQ(host().active_requests, 0u);

  ledger_.OnReady(at(0), 1);
  Uses(ledger_.BindWaiting(), 0);

  EXPECT_EQ(ledger_.waiting(), 0u);
  EXPECT_EQ(state().pending.in_use(), 0u);
  EXPECT_EQ(state().requests.in_use(), 1u);
  EXPECT_EQ(host().active_requests, 1u);
  EXPECT_EQ(at(0).state(), State::kBusy);
  EXPECT_EQ(ledger_.BindWaiting().action, PoolAction::kNothing);
}

TEST_F(PoolLedgerTest, AnIdleConnectionIsUsedAgainAtOnce) {
  MakeBusy(0);
  Finish(0);
  EXPECT_TRUE(at(0).idle());

  Uses(ledger_.Request(), 0);

  EXPECT_EQ(counters().upstream_cx_total, 1u);
  EXPECT_EQ(counters().upstream_rq_total, 2u);
  EXPECT_EQ(counters().upstream_rq_pending_total, 1u);
  EXPECT_EQ(host().requests_total, 2u);
  EXPECT_EQ(host().connections_total, 1u);
}

TEST_F(PoolLedgerTest, TheConnectionUsedLastIsUsedFirst) {
  for (std::size_t i = 0; i < 3; ++i) MakeBusy(i);
  Finish(1);
  Finish(0);
  Finish(2);

  EXPECT_EQ(ledger_.LeastRecentlyUsed(), &at(1));
  Uses(ledger_.Request(), 2);
  Uses(ledger_.Request(), 0);
  Uses(ledger_.Request(), 1);
  EXPECT_EQ(ledger_.LeastRecentlyUsed(), nullptr);
}

TEST_F(PoolLedgerTest, AtTheConnectionLimitRequestsQueueAndDoNotFail) {
  cluster_.pool.max_connections = 1;
  MakeBusy(0);

  for (int i = 0; i < 10; ++i) EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);

  EXPECT_EQ(ledger_.waiting(), 10u);
  EXPECT_EQ(counters().upstream_cx_overflow, 10u);
  EXPECT_EQ(counters().upstream_rq_pending_overflow, 0u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ledger_.BindWaiting().action, PoolAction::kNothing);
    Finish(0);
    Uses(ledger_.BindWaiting(), 0);
  }
  EXPECT_EQ(counters().upstream_cx_total, 1u);
}

TEST_F(PoolLedgerTest, TheConnectionLimitIsOfTheClusterButEveryEmptyPoolMayOpenOne) {
  cluster_.pool.max_connections = 1;
  MakeBusy(0);
  PoolLedger other(cluster_, cluster_.endpoints[1]);

  EXPECT_EQ(other.Request().action, PoolAction::kConnect);
  other.OnConnecting(at(1));
  EXPECT_EQ(state().connections.in_use(), 2u);
  EXPECT_EQ(counters().upstream_cx_overflow, 1u);
  EXPECT_EQ(other.Request().action, PoolAction::kQueue) << "only one";

  Close(other, at(1));
  other.OnWaitingGone();
  other.OnWaitingGone();
}

TEST_F(PoolLedgerTest, EveryWaitingRequestGetsAConnectionOfItsOwnWhenTheLimitAllows) {
  for (std::size_t i = 0; i < 4; ++i) RequestConnects(i);

  EXPECT_EQ(ledger_.connecting(), 4u);
}

TEST_F(PoolLedgerTest, NoConnectionIsOpenedWhenThoseOnTheirWaySuffice) {
  RequestConnects(0);
  ledger_.OnWaitingGone();

  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue) << "the first one's connection is free for it";
}

TEST_F(PoolLedgerTest, BeyondThePendingLimitRequestsAreRefused) {
  cluster_.pool.max_pending_requests = 2;
  cluster_.pool.max_connections = 1;
  MakeBusy(0);
  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);
  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);

  EXPECT_EQ(ledger_.Request().action, PoolAction::kOverflow);

  EXPECT_EQ(counters().upstream_rq_pending_overflow, 1u);
  EXPECT_EQ(ledger_.waiting(), 2u);
  EXPECT_EQ(state().pending.in_use(), 2u);
  ledger_.OnWaitingGone();
  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue) << "there is room again";
}

TEST_F(PoolLedgerTest, ThePendingLimitIsSharedByThePoolsOfTheCluster) {
  cluster_.pool.max_pending_requests = 1;
  RequestConnects(0);
  PoolLedger other(cluster_, cluster_.endpoints[1]);

  EXPECT_EQ(other.Request().action, PoolAction::kOverflow);
}

TEST_F(PoolLedgerTest, ThePendingLimitIsNotAskedWhenAConnectionIsReady) {
  MakeBusy(0);
  Finish(0);
  cluster_.pool.max_pending_requests = 0;

  Uses(ledger_.Request(), 0);
}

TEST_F(PoolLedgerTest, BeyondTheRequestLimitARequestIsRefusedThoughAConnectionIsReady) {
  cluster_.pool.max_requests = 1;
  MakeBusy(0);
  RequestConnects(1);
  ledger_.OnReady(at(1), 1);

  EXPECT_EQ(ledger_.BindWaiting().action, PoolAction::kOverflow);

  EXPECT_EQ(counters().upstream_rq_pending_overflow, 1u) << "the same counter as for the queue";
  EXPECT_EQ(ledger_.waiting(), 0u) << "it left the queue";
  EXPECT_TRUE(at(1).idle());
  EXPECT_EQ(ledger_.Request().action, PoolAction::kOverflow);
  EXPECT_EQ(counters().upstream_rq_pending_overflow, 2u);
  EXPECT_EQ(state().requests.in_use(), 1u);
  EXPECT_EQ(counters().upstream_rq_total, 1u);
  Finish(0);
  EXPECT_EQ(ledger_.Request().action, PoolAction::kUseConnection);
}

TEST_F(PoolLedgerTest, NobodyOvertakesThoseWhoWait) {
  cluster_.pool.max_connections = 1;
  MakeBusy(0);
  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);
  Finish(0);

  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);
  Uses(ledger_.BindWaiting(), 0);
  EXPECT_EQ(ledger_.waiting(), 1u);
}

TEST_F(PoolLedgerTest, AConnectionThatCarriedItsShareDrains) {
  cluster_.pool.max_requests_per_connection = 2;
  MakeBusy(0);
  Finish(0);
  EXPECT_FALSE(at(0).should_close());
  Uses(ledger_.Request(), 0);
  EXPECT_EQ(at(0).state(), State::kDraining);
  EXPECT_FALSE(at(0).should_close()) << "the last request is still there";

  EXPECT_EQ(ledger_.Request().action, PoolAction::kConnect);
  ledger_.OnConnecting(at(1));
  Finish(0);

  EXPECT_TRUE(at(0).should_close());
  EXPECT_EQ(counters().upstream_cx_max_requests, 1u);
}

TEST_F(PoolLedgerTest, OneRequestPerConnectionSwitchesReuseOff) {
  cluster_.pool.max_requests_per_connection = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    MakeBusy(i);
    Finish(i);
    EXPECT_TRUE(at(i).should_close());
    EXPECT_FALSE(ledger_.OnClosed(at(i)));
  }
  EXPECT_EQ(counters().upstream_cx_total, 3u);
}

TEST_F(PoolLedgerTest, AtTheLimitADrainingConnectionIsReplacedWhenItCloses) {
  cluster_.pool.max_connections = 1;
  MakeBusy(0);
  ledger_.OnDraining(at(0));
  EXPECT_EQ(ledger_.Request().action, PoolAction::kQueue);
  EXPECT_FALSE(ledger_.TakeConnect());
  Finish(0);
  ledger_.OnClosed(at(0));

  EXPECT_TRUE(ledger_.TakeConnect());

  ledger_.OnConnecting(at(1));
  EXPECT_EQ(state().connections.in_use(), 1u);
}

TEST_F(PoolLedgerTest, TakeConnectOpensNothingThatNobodyNeeds) {
  EXPECT_FALSE(ledger_.TakeConnect()) << "nobody waits";
  RequestConnects(0);
  EXPECT_FALSE(ledger_.TakeConnect()) << "one is on its way";
  ledger_.OnReady(at(0), 1);
  EXPECT_FALSE(ledger_.TakeConnect()) << "one is ready";
  EXPECT_EQ(state().connections.in_use(), 1u);
}

TEST_F(PoolLedgerTest, ADrainedIdleConnectionMayCloseAtOnceAndIsNotUsed) {
  MakeBusy(0);
  Finish(0);

  ledger_.OnDraining(at(0));

  EXPECT_TRUE(at(0).should_close());
  EXPECT_EQ(ledger_.LeastRecentlyUsed(), nullptr);
  EXPECT_EQ(ledger_.Request().action, PoolAction::kConnect);
  ledger_.OnConnecting(at(1));
}

TEST_F(PoolLedgerTest, DrainingTwiceIsDrainingOnce) {
  RequestConnects(0);
  ledger_.OnDraining(at(0));
  ledger_.OnDraining(at(0));

  EXPECT_EQ(ledger_.connecting(), 0u);
}

TEST_F(PoolLedgerTest, AConnectionGivenUpOnItsWayCarriesNothingWhenItArrives) {
  RequestConnects(0);
  ledger_.OnDraining(at(0));
  EXPECT_TRUE(ledger_.TakeConnect()) << "another is needed";
  ledger_.OnConnecting(at(1));

  ledger_.OnReady(at(0), 1);

  EXPECT_TRUE(at(0).should_close());
  EXPECT_EQ(ledger_.BindWaiting().action, PoolAction::kNothing);
  EXPECT_FALSE(ledger_.OnClosed(at(0))) << "no failure of the endpoint";
  EXPECT_EQ(counters().upstream_cx_connect_fail, 0u);
}

TEST_F(PoolLedgerTest, AConnectThatFailsIsCountedAndFailsThoseWhoWait) {
  RequestConnects(0);
  EXPECT_EQ(host().connections_active, 1u);

  EXPECT_TRUE(ledger_.OnClosed(at(0)));

  EXPECT_EQ(counters().upstream_cx_connect_fail, 1u);
  EXPECT_EQ(host().connect_failures, 1u);
  EXPECT_EQ(host().connections_active, 0u);
  EXPECT_EQ(state().connections.in_use(), 0u);
  EXPECT_EQ(ledger_.waiting(), 1u) << "until the caller has failed it";
}

TEST_F(PoolLedgerTest, AConnectThatWeGaveUpIsNoFailure) {
  RequestConnects(0);

  EXPECT_FALSE(ledger_.OnClosed(at(0), false));

  EXPECT_EQ(counters().upstream_cx_connect_fail, 0u);
  EXPECT_EQ(state().connections.in_use(), 0u);
}

TEST_F(PoolLedgerTest, AConnectionThatWasReadyClosesWithoutFailure) {
  MakeBusy(0);
  Finish(0);

  EXPECT_FALSE(ledger_.OnClosed(at(0)));

  EXPECT_EQ(ledger_.LeastRecentlyUsed(), nullptr);
  EXPECT_EQ(counters().upstream_cx_connect_fail, 0u);
}

TEST_F(PoolLedgerTest, ClosingTwiceGivesOnePermitBack) {
  RequestConnects(0);
  RequestConnects(1);
  ledger_.OnClosed(at(0));

  EXPECT_FALSE(ledger_.OnClosed(at(0)));

  EXPECT_EQ(state().connections.in_use(), 1u);
}

TEST_F(PoolLedgerTest, AClosedConnectionObjectMayServeAgain) {
  cluster_.pool.max_requests_per_connection = 2;
  MakeBusy(0);
  Close(ledger_, at(0));
  MakeBusy(0);

  EXPECT_EQ(at(0).state(), State::kBusy) << "its requests are counted from the start";
}

TEST_F(PoolLedgerTest, ACancelledRequestGivesItsPlaceBack) {
  RequestConnects(0);
  ledger_.OnWaitingGone();
  EXPECT_EQ(state().pending.in_use(), 0u);

  ledger_.OnReady(at(0), 1);

  EXPECT_EQ(ledger_.BindWaiting().action, PoolAction::kNothing);
  EXPECT_TRUE(at(0).idle()) << "kept for the next one";
}

}  // namespace
}  // namespace sluice::core

// Connections that carry several streams, and limits that change under them.
#include "core/upstream/pool_ledger.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {
namespace {

using State = LedgerConnection::State;

class PoolLedgerStreamsTest : public testing::Test {
 protected:
  // Requests that find no room are given up, so that a test may leave at any point.
  void End(PoolLedger& ledger) {
    for (LedgerConnection& connection : connections_) {
      while (connection.active() > 0) ledger.OnStreamFinished(connection);
      ledger.OnClosed(connection);
    }
    while (ledger.waiting() > 0) ledger.OnWaitingGone();
    EXPECT_EQ(cluster_.state->connections.in_use(), 0u);
    EXPECT_EQ(cluster_.state->pending.in_use(), 0u);
    EXPECT_EQ(cluster_.state->requests.in_use(), 0u);
  }
  void Connect(PoolLedger& ledger, std::size_t index, std::uint32_t capacity) {
    ASSERT_EQ(ledger.Request().action, PoolAction::kConnect);
    ledger.OnConnecting(at(index));
    ledger.OnReady(at(index), capacity);
    BindAll(ledger);
  }
  static int BindAll(PoolLedger& ledger) {
    int bound = 0;
    while (ledger.BindWaiting().action == PoolAction::kUseConnection) ++bound;
    return bound;
  }
  // Requests that are bound at once.
  static int Bound(PoolLedger& ledger, int requests) {
    int bound = 0;
    for (int i = 0; i < requests; ++i) bound += ledger.Request().action == PoolAction::kUseConnection;
    return bound;
  }
  LedgerConnection& at(std::size_t index) { return connections_[index]; }

  Cluster cluster_ = MakeCluster(1);
  std::array<LedgerConnection, 4> connections_;
};

TEST_F(PoolLedgerStreamsTest, OneConnectionOnItsWaySufficesForTheStreamsItWillCarry) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 3);

  EXPECT_EQ(ledger.Request().action, PoolAction::kConnect);
  ledger.OnConnecting(at(0));
  EXPECT_EQ(ledger.Request().action, PoolAction::kQueue);
  EXPECT_EQ(ledger.Request().action, PoolAction::kQueue);
  EXPECT_EQ(ledger.Request().action, PoolAction::kConnect) << "the fourth is one too many";
  ledger.OnConnecting(at(1));
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, AConnectionIsReadyUntilItsLastStreamIsTaken) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 3);
  Connect(ledger, 0, 3);
  EXPECT_EQ(at(0).state(), State::kReady);

  EXPECT_EQ(Bound(ledger, 2), 2);

  EXPECT_EQ(at(0).state(), State::kBusy);
  EXPECT_EQ(at(0).active(), 3u);
  EXPECT_EQ(ledger.active_streams(), 3u);
  ledger.OnStreamFinished(at(0));
  EXPECT_EQ(at(0).state(), State::kReady);
  EXPECT_FALSE(at(0).idle());
  EXPECT_EQ(ledger.LeastRecentlyUsed(), nullptr) << "not idle";
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, ADrainingConnectionStaysUntilItsLastStreamEnds) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 3);
  Connect(ledger, 0, 3);
  Bound(ledger, 1);
  ledger.OnDraining(at(0));

  ledger.OnStreamFinished(at(0));
  EXPECT_FALSE(at(0).should_close());
  ledger.OnStreamFinished(at(0));

  EXPECT_TRUE(at(0).should_close());
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, MaxConcurrentStreamsCapsOurOwnUseOfAConnection) {
  cluster_.pool.max_concurrent_streams = 2;
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 100);
  Connect(ledger, 0, 100);

  EXPECT_EQ(Bound(ledger, 1), 1);
  EXPECT_EQ(at(0).state(), State::kBusy);
  ledger.OnCapacity(at(0), 200);
  EXPECT_EQ(at(0).state(), State::kBusy);
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, APeerThatAllowsFewerStreamsIsBusySooner) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 3);
  Connect(ledger, 0, 3);
  Bound(ledger, 1);

  ledger.OnCapacity(at(0), 1);
  EXPECT_EQ(at(0).state(), State::kBusy);
  ledger.OnStreamFinished(at(0));
  EXPECT_EQ(at(0).state(), State::kBusy) << "one left, one allowed";
  ledger.OnStreamFinished(at(0));

  EXPECT_EQ(at(0).state(), State::kReady);
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, APeerThatAllowsMoreStreamsServesThoseWhoWait) {
  cluster_.pool.max_connections = 1;
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  EXPECT_EQ(ledger.Request().action, PoolAction::kQueue);
  EXPECT_EQ(ledger.Request().action, PoolAction::kQueue);

  ledger.OnCapacity(at(0), 2);

  EXPECT_EQ(BindAll(ledger), 1);
  EXPECT_EQ(ledger.waiting(), 1u);
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, ACapacityOfNothingMakesAConnectionWait) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  ASSERT_EQ(ledger.Request().action, PoolAction::kConnect);
  ledger.OnConnecting(at(0));

  ledger.OnReady(at(0), 0);
  EXPECT_EQ(ledger.BindWaiting().action, PoolAction::kNothing);
  ledger.OnCapacity(at(0), 1);

  EXPECT_EQ(BindAll(ledger), 1);
  End(ledger);
}

TEST_F(PoolLedgerStreamsTest, ACapacityChangeDoesNotReviveADrainingConnection) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  ledger.OnDraining(at(0));

  ledger.OnCapacity(at(0), 10);

  EXPECT_EQ(at(0).state(), State::kDraining);
  End(ledger);
}

class PoolLedgerRebindTest : public PoolLedgerStreamsTest {
 protected:
  // The next configuration of the same cluster: live numbers are shared.
  Cluster next_ = cluster_;
};

TEST_F(PoolLedgerRebindTest, NewLimitsHoldForTheNextRequest) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  next_.pool.max_pending_requests = 0;

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(ledger.Request().action, PoolAction::kOverflow);
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, WhatIsInUseStaysInTheBooks) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  ledger.Request();
  ledger.OnConnecting(at(1));

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(ledger.connections(), 2u);
  EXPECT_EQ(ledger.active_streams(), 1u);
  EXPECT_EQ(ledger.waiting(), 1u);
  EXPECT_EQ(next_.state->connections.in_use(), 2u);
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, ARaisedConnectionLimitLetsThoseWhoWaitConnect) {
  cluster_.pool.max_connections = 1;
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  EXPECT_EQ(ledger.Request().action, PoolAction::kQueue);

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_TRUE(ledger.TakeConnect());
  ledger.OnConnecting(at(1));
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, ALoweredRequestLimitPerConnectionDrainsWithTheNextRequest) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0]);
  Connect(ledger, 0, 1);
  ledger.OnStreamFinished(at(0));
  next_.pool.max_requests_per_connection = 1;

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(Bound(ledger, 1), 1);
  EXPECT_EQ(at(0).state(), State::kDraining);
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, ALoweredStreamLimitHoldsForConnectionsThatAreOpen) {
  cluster_.pool.max_connections = 1;
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 4);
  Connect(ledger, 0, 4);
  next_.pool.max_connections = 1;
  next_.pool.max_concurrent_streams = 2;

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(Bound(ledger, 3), 1);
  EXPECT_EQ(at(0).active(), 2u);
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, AConnectionAboveALoweredStreamLimitTakesNoMore) {
  cluster_.pool.max_connections = 1;
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 4);
  Connect(ledger, 0, 4);
  ASSERT_EQ(Bound(ledger, 2), 2);
  next_.pool.max_connections = 1;
  next_.pool.max_concurrent_streams = 2;

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(Bound(ledger, 1), 0);
  ledger.OnStreamFinished(at(0));
  EXPECT_EQ(BindAll(ledger), 0) << "two left, two allowed";
  ledger.OnStreamFinished(at(0));
  EXPECT_EQ(BindAll(ledger), 1);
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, ARaisedStreamLimitHoldsFromTheNextStreamThatEnds) {
  cluster_.pool.max_connections = 1;
  cluster_.pool.max_concurrent_streams = 1;
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 4);
  Connect(ledger, 0, 4);
  ASSERT_EQ(Bound(ledger, 4), 0);

  ledger.Rebind(next_, next_.endpoints[0]);
  ledger.OnStreamFinished(at(0));

  EXPECT_EQ(BindAll(ledger), 4) << "what the peer allows";
  End(ledger);
}

TEST_F(PoolLedgerRebindTest, ANewStreamLimitHoldsForConnectionsOnTheirWay) {
  PoolLedger ledger(cluster_, cluster_.endpoints[0], 4);
  ledger.Request();
  ledger.OnConnecting(at(0));
  next_.pool.max_concurrent_streams = 1;

  ledger.Rebind(next_, next_.endpoints[0]);

  EXPECT_EQ(ledger.Request().action, PoolAction::kConnect) << "the one on its way will carry one";
  ledger.OnConnecting(at(1));
  End(ledger);
}

}  // namespace
}  // namespace sluice::core

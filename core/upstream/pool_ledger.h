// The books of one worker's connection pool for one endpoint of a cluster: who may send where,
// when to open a connection, when to queue, when to refuse (istio-reference.md section 2.3). It
// decides and counts; gateway/upstream/pool owns sockets and the queue of waiting requests and does
// what the ledger says. One thread; the permits behind it are shared by all workers.
//
// Rules:
// - a ready connection with room takes the request at once, the one used last first;
// - else the request waits, if the cluster's pending limit allows, and a connection is opened when
//   those on their way do not suffice and the connection limit allows; a pool without any
//   connection may always open one;
// - max_requests is asked for when a request is bound, to a ready connection or from the queue;
// - a connection that has carried max_requests_per_connection drains.
//
// The ledger writes the counters of permits, cx_total, cx_connect_fail, cx_overflow, cx_max_requests,
// rq_total, rq_pending_total, rq_pending_overflow and, per endpoint, active_requests, requests_total,
// connections_total, connections_active, connect_failures. All others are the caller's.
#pragma once

#include <cstdint>

#include <boost/intrusive/list.hpp>

#include "core/upstream/cluster.h"

namespace sluice::core {

// A connection as the ledger sees it; a member or base of the pool's connection object.
class LedgerConnection
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
 public:
  enum class State : std::uint8_t {
    kNone,        // not in a ledger
    kConnecting,  // on its way
    kReady,       // room for a stream
    kBusy,        // no room
    kDraining,    // takes no stream any more; to be closed when idle
  };

  State state() const { return state_; }
  std::uint32_t active() const { return active_; }
  bool idle() const { return active_ == 0 && state_ == State::kReady; }
  // Draining and without streams: nothing keeps it.
  bool should_close() const { return active_ == 0 && state_ == State::kDraining; }

 private:
  friend class PoolLedger;

  State state_ = State::kNone;
  std::uint32_t active_ = 0;
  std::uint32_t capacity_ = 1;  // streams at once, as the peer allows
  std::uint32_t started_ = 0;   // streams ever
};

enum class PoolAction : std::uint8_t {
  kUseConnection,  // bound to `connection`: open the stream there
  kConnect,        // queue the request and open a connection; its permit is taken
  kQueue,          // queue the request
  kOverflow,       // refuse: 503 UO
  kNothing,        // only from BindWaiting: nobody waits, or no connection has room
};

struct PoolDecision {
  PoolAction action = PoolAction::kNothing;
  LedgerConnection* connection = nullptr;  // with kUseConnection
};

class PoolLedger {
 public:
  // `expected_streams`: streams a new connection will likely carry at once, 1 where one message
  // occupies it. Cluster and endpoint outlive the ledger.
  PoolLedger(const Cluster& cluster, const Endpoint& endpoint, std::uint32_t expected_streams = 1);
  PoolLedger(const PoolLedger&) = delete;
  PoolLedger& operator=(const PoolLedger&) = delete;
  // Every connection has been closed and every waiting request answered or cancelled.
  ~PoolLedger();

  // A new snapshot describes the same cluster and endpoint: same live states, perhaps other limits. They hold from
  // the next request on; a connection that is busy by an older stream limit notices with its next stream.
  void Rebind(const Cluster& cluster, const Endpoint& endpoint);

  // A request wants a stream. kUseConnection, kConnect, kQueue or kOverflow.
  PoolDecision Request();

  // The oldest waiting request is bound if there is one and a connection has room. kUseConnection:
  // take it off the queue and open the stream; kOverflow: take it off and answer 503 UO; kNothing:
  // leave it. Call until kNothing after OnReady, OnStreamFinished and OnCapacity.
  PoolDecision BindWaiting();

  // A waiting request left the queue unserved: cancelled, timed out, or failed with its connection.
  void OnWaitingGone();

  // The connection that was said to have room had none after all: as if the request had not been bound. Afterwards
  // OnDraining or OnCapacity, then ask again.
  void OnStreamRefused(LedgerConnection& connection);

  // How many streams a connection on its way is taken to carry.
  void ExpectStreams(std::uint32_t count) { expected_streams_ = count; }

  // True when one more connection should be opened for those who wait; its permit is taken then.
  // Call after OnClosed and OnDraining, and after OnWaitingGone never.
  bool TakeConnect();

  // The connection that kConnect or TakeConnect asked for has been started. Must follow each of them.
  void OnConnecting(LedgerConnection& connection);

  // It can carry `capacity` streams at once; the cluster's max_concurrent_streams caps that.
  void OnReady(LedgerConnection& connection, std::uint32_t capacity);
  // The peer changed its mind about the number of streams.
  void OnCapacity(LedgerConnection& connection, std::uint32_t capacity);

  // A stream ended, well or not. Afterwards ask should_close(), then BindWaiting().
  void OnStreamFinished(LedgerConnection& connection);

  // No new stream may start there: the peer goes away, the endpoint was ejected, the connection is
  // too old. Afterwards ask should_close().
  void OnDraining(LedgerConnection& connection);

  // The connection is gone; its streams must have been finished before. True when it never became
  // ready: then the caller fails every waiting request (each with OnWaitingGone), as the endpoint
  // cannot be reached now. `failed` is false for a connect we gave up ourselves.
  bool OnClosed(LedgerConnection& connection, bool failed = true);

  std::uint32_t waiting() const { return waiting_; }
  std::uint32_t connections() const { return connections_; }
  std::uint32_t connecting() const { return connecting_; }
  std::uint32_t active_streams() const { return active_; }
  // The connection idle for longest when one is: the next to close on a timer.
  LedgerConnection* LeastRecentlyUsed();

 private:
  bool Bind(LedgerConnection& connection);
  void Settle(LedgerConnection& connection);
  bool HasRoom(const LedgerConnection& connection) const;
  bool ConnectingSuffices() const;
  std::uint32_t Capped(std::uint32_t capacity) const;

  const Cluster* cluster_;
  const Endpoint* endpoint_;
  std::uint32_t expected_streams_;
  std::uint32_t waiting_ = 0;
  std::uint32_t connections_ = 0;  // permits held: connecting, ready, busy, draining
  std::uint32_t connecting_ = 0;
  std::uint32_t active_ = 0;
  boost::intrusive::list<LedgerConnection> ready_;  // used last in front
};

}  // namespace sluice::core

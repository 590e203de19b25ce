#include "core/upstream/pool_ledger.h"

#include <algorithm>
#include <atomic>
#include <ranges>

#include "core/base/check.h"

namespace sluice::core {
namespace {

using State = LedgerConnection::State;

template <typename T>
void Add(std::atomic<T>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

PoolLedger::PoolLedger(const Cluster& cluster, const Endpoint& endpoint, std::uint32_t expected_streams)
    : cluster_(&cluster), endpoint_(&endpoint), expected_streams_(expected_streams) {}

PoolLedger::~PoolLedger() {
  DCHECK(connections_ == 0);
  DCHECK(waiting_ == 0);
}

void PoolLedger::Rebind(const Cluster& cluster, const Endpoint& endpoint) {
  CHECK(cluster.state == cluster_->state && endpoint.state == endpoint_->state);
  cluster_ = &cluster;
  endpoint_ = &endpoint;
  for (auto it = ready_.begin(); it != ready_.end();) {
    LedgerConnection& connection = *it++;
    if (!HasRoom(connection)) Settle(connection);
  }
}

PoolDecision PoolLedger::Request() {
  ClusterState& state = *cluster_->state;
  // Nobody may overtake those who wait, not even when room has just come free.
  if (waiting_ == 0 && !ready_.empty()) {
    LedgerConnection& connection = ready_.front();
    if (!Bind(connection)) return {PoolAction::kOverflow, nullptr};
    return {PoolAction::kUseConnection, &connection};
  }
  if (!state.pending.TryAcquire(cluster_->pool.max_pending_requests)) {
    Add(state.counters.upstream_rq_pending_overflow);
    return {PoolAction::kOverflow, nullptr};
  }
  ++waiting_;
  Add(state.counters.upstream_rq_pending_total);
  return {TakeConnect() ? PoolAction::kConnect : PoolAction::kQueue, nullptr};
}

PoolDecision PoolLedger::BindWaiting() {
  if (waiting_ == 0 || ready_.empty()) return {};
  LedgerConnection& connection = ready_.front();
  OnWaitingGone();
  if (!Bind(connection)) return {PoolAction::kOverflow, nullptr};
  return {PoolAction::kUseConnection, &connection};
}

void PoolLedger::OnWaitingGone() {
  CHECK(waiting_ > 0);
  --waiting_;
  cluster_->state->pending.Release();
}

bool PoolLedger::TakeConnect() {
  if (waiting_ == 0 || !ready_.empty() || ConnectingSuffices()) return false;
  ClusterState& state = *cluster_->state;
  if (!state.connections.TryAcquire(cluster_->pool.max_connections)) {
    Add(state.counters.upstream_cx_overflow);
    // Without any connection the queue could never move, whatever other pools hold.
    if (connections_ > 0) return false;
    state.connections.Acquire();
  }
  ++connections_;
  ++connecting_;
  Add(state.counters.upstream_cx_total);
  Add(endpoint_->state->connections_total);
  Add(endpoint_->state->connections_active);
  return true;
}

void PoolLedger::OnConnecting(LedgerConnection& connection) {
  CHECK(connection.state_ == State::kNone);
  connection.state_ = State::kConnecting;
  connection.capacity_ = expected_streams_;
  connection.active_ = 0;
  connection.started_ = 0;
}

void PoolLedger::OnReady(LedgerConnection& connection, std::uint32_t capacity) {
  if (connection.state_ == State::kDraining) return;  // given up while on its way
  CHECK(connection.state_ == State::kConnecting);
  --connecting_;
  connection.state_ = State::kBusy;
  OnCapacity(connection, capacity);
}

void PoolLedger::OnCapacity(LedgerConnection& connection, std::uint32_t capacity) {
  connection.capacity_ = capacity;
  Settle(connection);
}

void PoolLedger::OnStreamFinished(LedgerConnection& connection) {
  CHECK(connection.active_ > 0);
  --connection.active_;
  --active_;
  endpoint_->state->active_requests.fetch_sub(1, std::memory_order_relaxed);
  cluster_->state->requests.Release();
  Settle(connection);
}

void PoolLedger::OnStreamRefused(LedgerConnection& connection) {
  cluster_->state->counters.upstream_rq_total.fetch_sub(1, std::memory_order_relaxed);
  endpoint_->state->requests_total.fetch_sub(1, std::memory_order_relaxed);
  --connection.started_;
  OnStreamFinished(connection);
}

void PoolLedger::OnDraining(LedgerConnection& connection) {
  if (connection.state_ == State::kNone || connection.state_ == State::kDraining) return;
  if (connection.state_ == State::kConnecting) --connecting_;
  if (connection.state_ == State::kReady) ready_.erase(ready_.iterator_to(connection));
  connection.state_ = State::kDraining;
}

bool PoolLedger::OnClosed(LedgerConnection& connection, bool failed) {
  if (connection.state_ == State::kNone) return false;
  CHECK(connection.active_ == 0);
  const bool never_ready = connection.state_ == State::kConnecting;
  if (never_ready && failed) {
    Add(cluster_->state->counters.upstream_cx_connect_fail);
    Add(endpoint_->state->connect_failures);
  }
  OnDraining(connection);
  connection.state_ = State::kNone;
  --connections_;
  cluster_->state->connections.Release();
  endpoint_->state->connections_active.fetch_sub(1, std::memory_order_relaxed);
  return never_ready && failed;
}

LedgerConnection* PoolLedger::LeastRecentlyUsed() {
  for (LedgerConnection& connection : ready_ | std::views::reverse) {
    if (connection.active_ == 0) return &connection;
  }
  return nullptr;
}

bool PoolLedger::Bind(LedgerConnection& connection) {
  ClusterState& state = *cluster_->state;
  if (!state.requests.TryAcquire(cluster_->pool.max_requests)) {
    Add(state.counters.upstream_rq_pending_overflow);
    return false;
  }
  Add(state.counters.upstream_rq_total);
  Add(endpoint_->state->requests_total);
  Add(endpoint_->state->active_requests);
  ++active_;
  ++connection.active_;
  ++connection.started_;
  if (connection.started_ >= cluster_->pool.max_requests_per_connection) {
    Add(state.counters.upstream_cx_max_requests);
    OnDraining(connection);
  } else {
    Settle(connection);
  }
  return true;
}

// Ready or busy by its room; to the front of the ready list, as it was the last to be used.
void PoolLedger::Settle(LedgerConnection& connection) {
  if (connection.state_ == State::kReady) ready_.erase(ready_.iterator_to(connection));
  if (connection.state_ != State::kReady && connection.state_ != State::kBusy) return;
  const bool room = HasRoom(connection);
  connection.state_ = room ? State::kReady : State::kBusy;
  if (room) ready_.push_front(connection);
}

bool PoolLedger::HasRoom(const LedgerConnection& connection) const {
  return connection.active_ < Capped(connection.capacity_);
}

bool PoolLedger::ConnectingSuffices() const {
  return std::uint64_t{connecting_} * Capped(expected_streams_) >= waiting_;
}

std::uint32_t PoolLedger::Capped(std::uint32_t capacity) const {
  return std::min(capacity, cluster_->pool.max_concurrent_streams);
}

}  // namespace sluice::core

#include "gateway/upstream/pool.h"

#include <boost/asio/ip/address.hpp>

#include "core/base/check.h"

namespace sluice::gateway {

using core::PoolAction;
using core::ResetReason;

namespace {

Tcp::endpoint AddressOf(const core::Endpoint& endpoint) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint.address, error);
  CHECK(!error);  // config and resolver let IP literals through only
  return {address, endpoint.port};
}

// Null: plaintext. Contexts are kept as long as neither policy nor files change, so the pointer tells.
std::shared_ptr<const tls::ClientContext> Security(const core::Cluster& cluster) {
  return cluster.tls ? cluster.tls->context : nullptr;
}

}  // namespace

Pool::Pool(PoolContext& context, std::shared_ptr<const core::Snapshot> world, const core::Cluster& cluster,
           const core::Endpoint& endpoint, core::Wire wire)
    : context_(context),
      world_(std::move(world)),
      cluster_(&cluster),
      endpoint_(&endpoint),
      address_(AddressOf(endpoint)),
      wire_(wire),
      ledger_(cluster, endpoint, Speaks() == core::Wire::kHttp2 ? context.limits.streams_max : 1) {}

Pool::~Pool() { CHECK(empty()); }

void Pool::Rebind(std::shared_ptr<const core::Snapshot> world, const core::Cluster& cluster,
                  const core::Endpoint& endpoint) {
  ledger_.Rebind(cluster, endpoint);
  const bool secured_anew = Security(*cluster_) != Security(cluster);
  cluster_ = &cluster;
  endpoint_ = &endpoint;
  world_ = std::move(world);
  // Nobody is to be served over a connection that was made under other trust, or none (reliability.md C9).
  if (secured_anew) DrainConnections();
}

Pool::Acquired Pool::Acquire(Lease& lease, bool fresh) {
  CHECK(lease.state_ == Lease::State::kNone);
  if (fresh) {
    for (auto it = connections_.begin(); it != connections_.end();) {
      UpstreamConnection& connection = *it++;
      if (!connection.idle()) continue;
      ledger_.OnDraining(connection);
      connection.Close();
    }
  }
  lease.pool_ = this;
  return Place(lease);
}

Pool::Acquired Pool::Place(Lease& lease) {
  core::PoolDecision decision = ledger_.Request();
  while (decision.action == PoolAction::kUseConnection) {
    if (Bind(lease, static_cast<UpstreamConnection&>(*decision.connection))) return Acquired::kHeld;
    decision = ledger_.Request();
  }
  switch (decision.action) {
    case PoolAction::kConnect:
    case PoolAction::kQueue:
      lease.state_ = Lease::State::kQueued;
      waiting_.push_back(lease);
      if (decision.action == PoolAction::kConnect) OpenConnection();
      return Acquired::kQueued;
    default: break;
  }
  return Acquired::kOverflow;
}

// What the endpoint has shown to understand goes before what the rules ask for.
core::Wire Pool::Speaks() const {
  const bool only_older = cluster_->pool.upgrade && endpoint_->state->http1_only.load(std::memory_order_relaxed);
  return only_older ? core::Wire::kHttp1 : wire_;
}

bool Pool::Bind(Lease& lease, UpstreamConnection& connection) {
  Stream* stream = connection.Open(lease.events_);
  if (stream == nullptr) {
    // The peer has taken its word back in this very turn (GOAWAY, SETTINGS) and the ledger has not heard of it.
    ledger_.OnStreamRefused(connection);
    SyncCapacity(connection);
    connection.Wake();
    return false;
  }
  lease.state_ = Lease::State::kHeld;
  lease.stream_ = stream;
  lease.connection_ = &connection;
  lease.reused_ = connection.reused();
  ++held_;
  return true;
}

void Pool::SyncCapacity(UpstreamConnection& connection) {
  if (connection.Retiring()) return ledger_.OnDraining(connection);
  ledger_.OnCapacity(connection, connection.active() + connection.Capacity());
}

void Pool::Finish(Lease& lease) {
  switch (lease.state_) {
    case Lease::State::kNone: return;
    case Lease::State::kQueued:
      lease.unlink();
      ledger_.OnWaitingGone();
      break;
    case Lease::State::kHeld:
      // The codec may still be in the middle of delivering the end: settle at the end of the turn.
      --held_;
      ++lease.connection_->finished_streams;
      lease.connection_->Wake();
      break;
  }
  lease.state_ = Lease::State::kNone;
  lease.stream_ = nullptr;
  lease.connection_ = nullptr;
}

void Pool::OpenConnection() {
  const core::Wire wire = Speaks();
  ledger_.ExpectStreams(wire == core::Wire::kHttp2 ? context_.limits.streams_max : 1);
  auto* connection = new UpstreamConnection(
      context_.worker, cluster_->pool,
      {context_.limits, context_.stats, context_.worker.blocks(), context_.worker.clock()}, wire,
      cluster_->pool.upgrade, Security(*cluster_), context_.tls,
      {.self = this,
       .on_connected = [](void* self, UpstreamConnection& c) { static_cast<Pool*>(self)->OnConnected(c); },
       .on_connect_failed = [](void* self, UpstreamConnection& c, ResetReason reason,
                               const std::string& text) { static_cast<Pool*>(self)->OnConnectFailed(c, reason, text); },
       .on_speaks_older = [](void* self) { static_cast<Pool*>(self)->OnSpeaksOlder(); },
       .on_silent = [](void* self) { static_cast<Pool*>(self)->OnSilent(); },
       .on_progress = [](void* self, UpstreamConnection& c) { static_cast<Pool*>(self)->OnProgress(c); },
       .on_closed = [](void* self, UpstreamConnection& c) { static_cast<Pool*>(self)->OnClosed(c); }});
  connections_.push_back(*connection);
  ledger_.OnConnecting(*connection);
  connection->Connect(address_);
}

void Pool::OnConnected(UpstreamConnection& connection) {
  if (cluster_->pool.upgrade) endpoint_->state->silent_openings.store(0, std::memory_order_relaxed);
  ledger_.OnReady(connection, connection.Capacity());
  if (connection.should_close()) return connection.Close();  // given up while it was on its way
  ServeWaiting();
}

void Pool::OnSpeaksOlder() {
  ledger_.ExpectStreams(1);
  if (endpoint_->state->http1_only.exchange(true, std::memory_order_relaxed)) return;
  if (context_.warn != nullptr) {
    context_.warn(endpoint_->host_port + " (" + cluster_->name +
                  ") answers HTTP/2 in an older version: spoken to in that from now on, h2UpgradePolicy or not");
  }
}

// Once may be a server that was being restarted; those who wait get another connection. Twice is one that closes on what
// it cannot read.
void Pool::OnSilent() {
  if (endpoint_->state->silent_openings.fetch_add(1, std::memory_order_relaxed) + 1 >= 2) OnSpeaksOlder();
}

void Pool::OnConnectFailed(UpstreamConnection& connection, ResetReason reason, const std::string& text) {
  if (reason == ResetReason::kConnectTimeout) {
    cluster_->state->counters.upstream_cx_connect_timeout.fetch_add(1, std::memory_order_relaxed);
  }
  if (ledger_.OnClosed(connection, reason != ResetReason::kCancelled)) FailWaiting(reason, text);
}

void Pool::FailWaiting(ResetReason reason, const std::string& text) {
  // A lease that fails may come straight back with its next attempt: only those that wait now are failed.
  Leases failed;
  failed.splice(failed.begin(), waiting_);
  while (!failed.empty()) {
    Lease& lease = failed.front();
    failed.pop_front();
    ledger_.OnWaitingGone();
    lease.state_ = Lease::State::kNone;
    lease.hooks_.on_failed(lease.hooks_.self, reason, text);
  }
}

void Pool::SettleFinished(UpstreamConnection& connection) {
  for (; connection.finished_streams > 0; --connection.finished_streams) {
    if (connection.Retiring()) ledger_.OnDraining(connection);
    ledger_.OnStreamFinished(connection);
  }
}

void Pool::OnProgress(UpstreamConnection& connection) {
  SettleFinished(connection);
  // Not reusable any more although idle: unasked bytes, a GOAWAY, its age.
  const bool shared = connection.wire() == core::Wire::kHttp2;  // by several streams at once
  if (connection.aged() || ((shared || connection.idle()) && connection.Retiring())) {
    ledger_.OnDraining(connection);
  } else if (shared) {
    SyncCapacity(connection);
  }
  if (connection.should_close()) return connection.Close();
  ServeWaiting();
}

void Pool::ServeWaiting() {
  while (true) {
    const core::PoolDecision decision = ledger_.BindWaiting();
    if (decision.action == PoolAction::kNothing) break;
    Lease& lease = waiting_.front();
    waiting_.pop_front();
    lease.state_ = Lease::State::kNone;
    if (decision.action == PoolAction::kUseConnection) {
      if (!Bind(lease, static_cast<UpstreamConnection&>(*decision.connection))) {
        const Acquired again = Place(lease);
        if (again == Acquired::kHeld) lease.hooks_.on_ready(lease.hooks_.self);
        if (again == Acquired::kOverflow) lease.hooks_.on_failed(lease.hooks_.self, ResetReason::kOverflow, {});
        continue;
      }
      lease.hooks_.on_ready(lease.hooks_.self);
    } else {
      lease.hooks_.on_failed(lease.hooks_.self, ResetReason::kOverflow, {});
    }
  }
  // Fewer streams than were expected of a connection, or one that takes no more: the rest need another.
  while (wire_ == core::Wire::kHttp2 && ledger_.TakeConnect()) OpenConnection();
}

void Pool::OnClosed(UpstreamConnection& connection) {
  core::ClusterState::Counters& counters = cluster_->state->counters;
  if (connection.idle_timed_out()) counters.upstream_cx_idle_timeout.fetch_add(1, std::memory_order_relaxed);
  if (connection.desynced()) counters.upstream_cx_desync.fetch_add(1, std::memory_order_relaxed);
  if (connection.finished_streams > 0) {
    counters.upstream_cx_destroy_remote_with_active_rq.fetch_add(1, std::memory_order_relaxed);
  }
  SettleFinished(connection);
  ledger_.OnClosed(connection, false);
  connection.unlink_from_pool();
  if (ledger_.TakeConnect()) OpenConnection();
  while (wire_ == core::Wire::kHttp2 && ledger_.TakeConnect()) OpenConnection();
}

// A connection on its way that closes is replaced when requests wait for it: only those that are there now are visited.
template <typename Visit>
void Pool::VisitPresent(Visit visit) {
  Connections present;
  present.splice(present.begin(), connections_);
  while (!present.empty()) {
    UpstreamConnection& connection = present.front();
    present.pop_front();
    connections_.push_back(connection);
    visit(connection);
  }
}

void Pool::CloseConnections() {
  VisitPresent([](UpstreamConnection& connection) { connection.Close(); });
}

void Pool::DrainConnections() {
  VisitPresent([this](UpstreamConnection& connection) {
    // Those who wait for it would only get another one, and begin to wait anew.
    const bool awaited = connection.state() == core::LedgerConnection::State::kConnecting && !waiting_.empty();
    if (awaited) return;
    ledger_.OnDraining(connection);
    if (connection.should_close()) connection.Close();
  });
}

}  // namespace sluice::gateway

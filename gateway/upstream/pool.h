// One worker's connections to one endpoint of one cluster, all in one wire version: performs what core::PoolLedger decides. Owned by the
// worker's UpstreamSet; the worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/intrusive/list.hpp>

#include "core/identity/tls_stats.h"
#include "core/snapshot/snapshot.h"
#include "core/upstream/cluster.h"
#include "core/upstream/pool_ledger.h"
#include "gateway/codec/codec.h"
#include "gateway/net/socket.h"
#include "gateway/runtime/worker.h"
#include "gateway/upstream/lease.h"
#include "gateway/upstream/upstream_connection.h"

namespace sluice::gateway {

// Says something that the operator should know; called on the worker's thread.
using WarnHook = void (*)(const std::string& text);

// What every pool of a worker shares.
struct PoolContext {
  Worker& worker;
  CodecLimits limits;
  CodecStats stats;
  core::TlsStats tls;
  WarnHook warn = nullptr;
};

class Pool {
 public:
  enum class Acquired : std::uint8_t { kHeld, kQueued, kOverflow };

  // `cluster` and `endpoint` live in `world`, which the pool keeps alive.
  Pool(PoolContext& context, std::shared_ptr<const core::Snapshot> world, const core::Cluster& cluster,
       const core::Endpoint& endpoint, core::Wire wire);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // A stream for `lease`, now or later by its hooks. `fresh`: not on a connection that has been used; those that idle
  // are closed, because a server that closed one has probably closed them all.
  Acquired Acquire(Lease& lease, bool fresh);
  // The lease is over, whatever its state: its stream ended or was reset, or it leaves the queue.
  void Finish(Lease& lease);

  // A new snapshot describes the same endpoint of the same cluster, perhaps with other limits.
  void Rebind(std::shared_ptr<const core::Snapshot> world, const core::Cluster& cluster,
              const core::Endpoint& endpoint);
  // No connection is to be used again; those in use end with their streams. New leases open new connections, and those
  // that wait keep the one that is on its way to them.
  void DrainConnections();
  // The endpoint takes no new requests: ejected (istio-reference.md section 2.4, 5).
  bool ejected() const { return endpoint_->state->ejected.load(std::memory_order_relaxed); }
  // Ends every connection now; their streams are reset.
  void CloseConnections();

  bool empty() const { return connections_.empty() && waiting_.empty() && held_ == 0; }

 private:
  using Connections = boost::intrusive::list<
      UpstreamConnection, boost::intrusive::constant_time_size<false>,
      boost::intrusive::base_hook<boost::intrusive::list_base_hook<
          boost::intrusive::tag<PoolListTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>>>;
  using Leases = boost::intrusive::list<Lease, boost::intrusive::constant_time_size<false>>;

  template <typename Visit>
  void VisitPresent(Visit visit);
  void OpenConnection();
  core::Wire Speaks() const;
  Acquired Place(Lease& lease);
  // False when the connection had no room after all; the ledger has been told.
  bool Bind(Lease& lease, UpstreamConnection& connection);
  void SyncCapacity(UpstreamConnection& connection);
  void OnSpeaksOlder();
  void OnSilent();
  void ServeWaiting();
  void SettleFinished(UpstreamConnection& connection);
  void OnConnected(UpstreamConnection& connection);
  void OnConnectFailed(UpstreamConnection& connection, core::ResetReason reason, const std::string& text);
  void OnProgress(UpstreamConnection& connection);
  void OnClosed(UpstreamConnection& connection);
  void FailWaiting(core::ResetReason reason, const std::string& text);

  PoolContext& context_;
  std::shared_ptr<const core::Snapshot> world_;
  const core::Cluster* cluster_;
  const core::Endpoint* endpoint_;
  Tcp::endpoint address_;
  const core::Wire wire_;
  core::PoolLedger ledger_;
  Connections connections_;
  Leases waiting_;
  std::uint32_t held_ = 0;
};

}  // namespace sluice::gateway

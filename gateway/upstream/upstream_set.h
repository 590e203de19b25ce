// All pools of a worker, and what it derives from a snapshot for choosing among them: a balancer per cluster. Pools
// live as long as their endpoint is named; balancers as long as the snapshot. The worker's thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/snapshot/snapshot.h"
#include "core/upstream/balancer.h"
#include "gateway/runtime/snapshot_pin.h"
#include "gateway/upstream/pool.h"

namespace sluice::gateway {

class UpstreamSet;

// A cluster of one snapshot as this worker sees it.
class ClusterView {
 public:
  ClusterView(UpstreamSet& set, LocalSnapshot& local, const core::Cluster& cluster)
      : set_(set), local_(local), balancer_(cluster), pools_(cluster.endpoints.size() * kWires) {}

  const core::Cluster& cluster() const { return balancer_.cluster(); }
  core::Balancer& balancer() { return balancer_; }
  // `endpoint` is one of cluster().endpoints; `wire` what it is to be spoken to in.
  Pool& PoolFor(const core::Endpoint& endpoint, core::Wire wire);

 private:
  static constexpr std::size_t kWires = 2;

  UpstreamSet& set_;
  LocalSnapshot& local_;
  core::Balancer balancer_;
  std::vector<Pool*> pools_;  // by endpoint index and wire, found on first use
};

// A snapshot with the worker's views of its clusters, made on first use.
class WorkerSnapshot final : public LocalSnapshot {
 public:
  WorkerSnapshot(std::shared_ptr<const core::Snapshot> snapshot, std::uint32_t& alive)
      : LocalSnapshot(std::move(snapshot)), alive_(alive), views_(get()->clusters.size()) {
    ++alive_;
  }
  ~WorkerSnapshot() override { --alive_; }

 private:
  friend class UpstreamSet;
  std::uint32_t& alive_;                             // the set's count; the set outlives every snapshot of its worker
  std::vector<std::unique_ptr<ClusterView>> views_;  // by ClusterId
};

class UpstreamSet {
 public:
  UpstreamSet(Worker& worker, const CodecLimits& limits, WarnHook warn) : context_{worker, limits, {}, {}, warn} {}
  ~UpstreamSet();
  UpstreamSet(const UpstreamSet&) = delete;
  UpstreamSet& operator=(const UpstreamSet&) = delete;

  // Makes the worker's side of a snapshot.
  SnapshotPin Adopt(std::shared_ptr<const core::Snapshot> snapshot);
  // Drains the pools whose endpoint `current` no longer names and rebinds the others, so that no old snapshot is kept
  // alive by an idle pool.
  void Follow(const SnapshotPin& current);

  ClusterView& View(LocalSnapshot& local, core::ClusterId id);

  const CodecStats& codec_stats() const { return context_.stats; }
  const core::TlsStats& tls_stats() const { return context_.tls; }
  std::size_t pool_count() const { return pools_.size(); }
  // Drains the pools of endpoints that are gone or were ejected (by whichever worker) and frees those that are empty, once
  // no request of an older snapshot can point at them; once a second is often enough.
  void Sweep();
  // Ends every connection; for shutdown.
  void CloseAll();

 private:
  friend class ClusterView;

  struct Entry {
    std::unique_ptr<Pool> pool;
    std::shared_ptr<core::EndpointState> endpoint;  // keeps the key alive
    std::shared_ptr<core::ClusterState> cluster;
    bool retired = false;
  };

  Pool& Find(LocalSnapshot& local, const core::Cluster& cluster, const core::Endpoint& endpoint, core::Wire wire);

  PoolContext context_;
  std::uint32_t alive_ = 0;  // WorkerSnapshots
  // Found once per snapshot; useClientProtocol alone makes two for one endpoint.
  std::map<std::pair<const core::EndpointState*, core::Wire>, Entry> pools_;
};

}  // namespace sluice::gateway

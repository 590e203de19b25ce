#include "gateway/upstream/upstream_set.h"

namespace sluice::gateway {

Pool& ClusterView::PoolFor(const core::Endpoint& endpoint, core::Wire wire) {
  const auto index = static_cast<std::size_t>(&endpoint - cluster().endpoints.data());
  Pool*& pool = pools_[index * kWires + static_cast<std::size_t>(wire)];
  if (pool == nullptr) pool = &set_.Find(local_, cluster(), endpoint, wire);
  return *pool;
}

UpstreamSet::~UpstreamSet() = default;

SnapshotPin UpstreamSet::Adopt(std::shared_ptr<const core::Snapshot> snapshot) {
  return SnapshotPin(new WorkerSnapshot(std::move(snapshot), alive_));
}

ClusterView& UpstreamSet::View(LocalSnapshot& local, core::ClusterId id) {
  auto& view = static_cast<WorkerSnapshot&>(local).views_[id.value];
  if (view == nullptr) view = std::make_unique<ClusterView>(*this, local, local->clusters[id.value]);
  return *view;
}

Pool& UpstreamSet::Find(LocalSnapshot& local, const core::Cluster& cluster, const core::Endpoint& endpoint,
                        core::Wire wire) {
  Entry& entry = pools_[{endpoint.state.get(), wire}];
  if (entry.pool == nullptr) {
    entry.endpoint = endpoint.state;
    entry.cluster = cluster.state;
    entry.pool = std::make_unique<Pool>(context_, local.shared(), cluster, endpoint, wire);
  }
  return *entry.pool;
}

void UpstreamSet::Follow(const SnapshotPin& current) {
  for (auto& [key, entry] : pools_) entry.retired = true;
  for (const core::Cluster& cluster : current->clusters) {
    for (const core::Endpoint& endpoint : cluster.endpoints) {
      for (const core::Wire wire : {core::Wire::kHttp1, core::Wire::kHttp2}) {
        const auto found = pools_.find({endpoint.state.get(), wire});
        if (found == pools_.end()) continue;
        found->second.retired = false;
        found->second.pool->Rebind(current.local()->shared(), cluster, endpoint);
      }
    }
  }
  Sweep();
}

// Views of older snapshots may still point at a retired pool; the current one's never do.
void UpstreamSet::Sweep() {
  for (auto& [key, entry] : pools_) {
    if (entry.retired || entry.pool->ejected()) entry.pool->DrainConnections();
  }
  if (alive_ > 1) return;
  std::erase_if(pools_, [](const auto& item) {
    const Entry& entry = item.second;
    return entry.retired && entry.pool->empty();
  });
}

void UpstreamSet::CloseAll() {
  for (auto& [key, entry] : pools_) entry.pool->CloseConnections();
}

}  // namespace sluice::gateway

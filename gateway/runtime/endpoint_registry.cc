#include "gateway/runtime/endpoint_registry.h"

#include <utility>

#include "core/upstream/outlier_detector.h"

namespace sluice::gateway {

void EndpointRegistry::Attach(core::Snapshot& snapshot, core::TimePoint now) {
  std::map<std::string, Entry> next;
  for (core::Cluster& cluster : snapshot.clusters) {
    Entry old;
    if (auto node = clusters_.extract(cluster.name)) old = std::move(node.mapped());
    Entry& entry = next[cluster.name];
    if (entry.state == nullptr) entry.state = old.state ? old.state : std::make_shared<core::ClusterState>();
    for (core::Endpoint& endpoint : cluster.endpoints) {
      auto& state = entry.endpoints[endpoint.host_port];
      if (state == nullptr) {
        const auto known = old.endpoints.find(endpoint.host_port);
        if (known != old.endpoints.end()) {
          state = known->second;
        } else {
          state = std::make_shared<core::EndpointState>();
          // The endpoints that a process starts with are not new: warming all of them up would only skew the split.
          const core::TimePoint appeared = first_ ? core::TimePoint(core::TimePoint::duration::min() / 2) : now;
          state->appeared_at.store(appeared.time_since_epoch().count(), std::memory_order_relaxed);
        }
      }
      endpoint.state = state;
    }
    cluster.state = entry.state;
    core::RecountEjected(cluster);
  }
  clusters_ = std::move(next);
  first_ = false;
}

}  // namespace sluice::gateway

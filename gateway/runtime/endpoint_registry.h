// Live states of clusters and endpoints by name, so that health, limits and counters survive a change of configuration.
// The control thread only; the states themselves are shared atomics.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/snapshot/snapshot.h"

namespace sluice::gateway {

class EndpointRegistry {
 public:
  // Gives every cluster and endpoint of `snapshot` its state: the one it had under the same cluster name and address,
  // else a fresh one whose warm-up begins at `now`. Forgets what the snapshot no longer names: an address that comes
  // back starts clean (istio-reference.md section 2.4, 10). Counters of a cluster stay for as long as it is named.
  void Attach(core::Snapshot& snapshot, core::TimePoint now);

 private:
  struct Entry {
    std::shared_ptr<core::ClusterState> state;
    std::map<std::string, std::shared_ptr<core::EndpointState>> endpoints;  // by "ip:port"
  };
  std::map<std::string, Entry> clusters_;
  bool first_ = true;
};

}  // namespace sluice::gateway

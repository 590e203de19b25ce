// Chooses the endpoint of an attempt (istio-reference.md section 2.2). One Balancer per worker and cluster, kept as
// long as the snapshot the cluster lives in; one thread. What other workers know reaches it through the atomics of
// ClusterState and EndpointState: active requests, ejections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

struct PickContext {
  Random& random;
  TimePoint now;
  std::optional<std::uint64_t> hash;            // of the request's key; absent: any host
  std::span<const Endpoint* const> tried = {};  // by earlier attempts of the same exchange: avoided
};

class Balancer {
 public:
  // How often a tried host is drawn again before it is taken all the same.
  static constexpr int kReselectionsMax = 5;

  // `cluster` outlives the balancer.
  explicit Balancer(const Cluster& cluster) : cluster_(&cluster) {}

  // Null when there is no endpoint to use: none at all, or all ejected and no panic (counted, 503 UH).
  // Equal weights cost O(1), different weights or warm-up O(log n), a ring O(log entries); the first pick after an
  // ejection or return is O(n).
  const Endpoint* Pick(const PickContext& context);

  // Endpoints a pick may choose from, as of the last pick.
  std::size_t usable_count() const { return usable_.size(); }
  bool in_panic() const { return panic_; }

  const Cluster& cluster() const { return *cluster_; }

 private:
  // An entry of the earliest-deadline-first schedule: `due` grows by 1/weight with each pick.
  struct Scheduled {
    double due;
    std::uint64_t order;  // ties go to the one that waits longer
    std::uint32_t endpoint;
  };

  void RefreshIfChanged(const PickContext& context);
  void Refresh(std::uint64_t epoch, const PickContext& context);
  const Endpoint* Choose(const PickContext& context, std::uint64_t hash, std::uint64_t attempt);
  std::uint32_t LeastRequest(Random& random) const;
  std::uint32_t RoundRobin();
  std::uint32_t Scheduler(TimePoint now);
  const Endpoint* Ring(std::uint64_t hash, std::uint64_t attempt) const;
  const Endpoint* Maglev(std::uint64_t hash, std::uint64_t attempt) const;
  double WeightNow(const Endpoint& endpoint, TimePoint now) const;
  bool Usable(const Endpoint& endpoint) const;

  const Cluster* cluster_;
  std::vector<std::uint32_t> usable_;    // indices of the endpoints not ejected; all of them in panic
  std::vector<Scheduled> schedule_;      // heap, earliest first; empty unless weights differ or a host warms up
  std::optional<std::uint64_t> epoch_;   // ClusterState::ejection_epoch that usable_ reflects; absent: never built
  std::optional<TimePoint> warm_until_;  // when the last host in warm-up is done; absent: none is
  std::uint64_t turn_ = 0;               // round robin
  std::uint64_t order_ = 0;
  bool panic_ = false;
};

}  // namespace sluice::core

// A small cluster with live state, as a snapshot would hold it: endpoints 10.0.0.1:80, 10.0.0.2:80 ...
// For tests and benchmarks of core/upstream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/upstream/cluster.h"
#include "core/upstream/hash_tables.h"

namespace sluice::core {

inline Endpoint MakeEndpoint(std::size_t number, std::uint32_t weight = 1) {
  Endpoint endpoint;
  endpoint.address = "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250);
  endpoint.port = 80;
  endpoint.host_port = endpoint.address + ":80";
  endpoint.weight = weight;
  endpoint.state = std::make_shared<EndpointState>();
  return endpoint;
}

inline Cluster MakeCluster(std::size_t endpoints, LbPolicy policy = LbPolicy::kLeastRequest) {
  Cluster cluster;
  cluster.name = "outbound|8000|v45|ranker.ml.svc.cluster.local";
  cluster.state = std::make_shared<ClusterState>();
  cluster.load_balancer.policy = policy;
  for (std::size_t i = 1; i <= endpoints; ++i) cluster.endpoints.push_back(MakeEndpoint(i));
  cluster.hash_tables = BuildHashTables(cluster);
  return cluster;
}

// Marks an endpoint as ejected, as the outlier detector does.
inline void SetEjected(const Cluster& cluster, std::size_t index, bool ejected) {
  cluster.endpoints[index].state->ejected = ejected;
  ++cluster.state->ejection_epoch;
}

}  // namespace sluice::core

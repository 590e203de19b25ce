// Look-up tables of consistent hashing: the ring (ketama) and Maglev. Built off the request path when a snapshot is
// compiled, shared by all workers, immutable (istio-reference.md section 2.2).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/upstream/cluster.h"

namespace sluice::core {

struct HashTables {
  struct RingEntry {
    std::uint64_t hash;
    std::uint32_t endpoint;  // index into Cluster::endpoints
  };
  std::vector<RingEntry> ring;        // sorted by hash; kRingHash only
  std::vector<std::uint32_t> maglev;  // endpoint per slot; kMaglev only
};

// Entries a ring may have at most, whatever the weights ask for.
inline constexpr std::uint64_t kRingSizeMax = 8u * 1024 * 1024;

// What the ring of a cluster with endpoints is to measure; it has that many entries, rounded up.
double RingSize(const Cluster& cluster);

// Null for the policies that do not hash and for a cluster without endpoints. Depends on the set of endpoints and
// their weights, not on their order.
std::shared_ptr<const HashTables> BuildHashTables(const Cluster& cluster);

}  // namespace sluice::core

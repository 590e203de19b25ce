#include "core/upstream/hash_tables.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

#include "core/upstream/affinity_hash.h"

namespace sluice::core {
namespace {

constexpr std::uint32_t kFree = UINT32_MAX;

// Indices of the endpoints in the order of their names, so that a reload which only reorders moves no request.
std::vector<std::uint32_t> ByName(const Cluster& cluster) {
  std::vector<std::uint32_t> order(cluster.endpoints.size());
  // NOLINTNEXTLINE(modernize-use-ranges): std::ranges::iota comes with GCC 13
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::string_view(cluster.endpoints[i].host_port); });
  return order;
}

double TotalWeight(const Cluster& cluster) {
  double total = 0;
  for (const Endpoint& endpoint : cluster.endpoints) total += endpoint.weight;
  return total;
}

std::vector<HashTables::RingEntry> BuildRing(const Cluster& cluster) {
  const double total = TotalWeight(cluster);
  const double size = RingSize(cluster);
  std::vector<HashTables::RingEntry> ring;
  ring.reserve(static_cast<std::size_t>(std::ceil(size)));
  double target = 0;
  std::string key;
  for (const std::uint32_t index : ByName(cluster)) {
    const Endpoint& endpoint = cluster.endpoints[index];
    target += size * endpoint.weight / total;
    key.assign(endpoint.host_port).push_back('_');
    const std::size_t stem = key.size();
    for (std::uint64_t i = 0; static_cast<double>(ring.size()) < target; ++i) {
      key.resize(stem);
      key += std::to_string(i);
      ring.push_back({AffinityHash(key), index});
    }
  }
  std::ranges::sort(ring, [](const HashTables::RingEntry& a, const HashTables::RingEntry& b) {
    return std::tie(a.hash, a.endpoint) < std::tie(b.hash, b.endpoint);
  });
  return ring;
}

// One endpoint's walk over the table (Maglev, NSDI 2016, section 3.4).
struct Walk {
  std::uint32_t endpoint;
  std::uint64_t slot;
  std::uint64_t skip;
  double weight;
  double due = 0;  // takes a slot in every round in which its weight has caught up
};

std::vector<std::uint32_t> BuildMaglev(const Cluster& cluster) {
  const std::uint64_t size = std::max<std::uint64_t>(cluster.load_balancer.maglev_table_size, 2);
  std::vector<Walk> walks;
  double heaviest = 0;
  for (const std::uint32_t index : ByName(cluster)) {
    const Endpoint& endpoint = cluster.endpoints[index];
    const std::uint64_t skip = AffinityHash(endpoint.host_port, 1) % (size - 1) + 1;
    walks.push_back({index, AffinityHash(endpoint.host_port) % size, skip, static_cast<double>(endpoint.weight)});
    heaviest = std::max(heaviest, walks.back().weight);
  }
  std::vector<std::uint32_t> table(size, kFree);
  std::uint64_t filled = 0;
  for (double round = 1; filled < size; ++round) {
    for (Walk& walk : walks) {
      if (round * walk.weight < walk.due) continue;
      walk.due += heaviest;
      while (table[walk.slot] != kFree) walk.slot = (walk.slot + walk.skip) % size;
      table[walk.slot] = walk.endpoint;
      if (++filled == size) break;
    }
  }
  return table;
}

}  // namespace

// Scales until the lightest endpoint has a whole number of entries and the ring reaches its minimum size.
double RingSize(const Cluster& cluster) {
  double lightest = INFINITY;
  for (const Endpoint& endpoint : cluster.endpoints) {
    lightest = std::min(lightest, static_cast<double>(endpoint.weight));
  }
  const double least_share = lightest / TotalWeight(cluster);
  const auto minimum = static_cast<double>(cluster.load_balancer.minimum_ring_size);
  return std::min(std::ceil(least_share * minimum) / least_share, static_cast<double>(kRingSizeMax));
}

std::shared_ptr<const HashTables> BuildHashTables(const Cluster& cluster) {
  if (cluster.endpoints.empty()) return nullptr;
  const LbPolicy policy = cluster.load_balancer.policy;
  if (policy != LbPolicy::kRingHash && policy != LbPolicy::kMaglev) return nullptr;
  auto tables = std::make_shared<HashTables>();
  if (policy == LbPolicy::kRingHash) {
    tables->ring = BuildRing(cluster);
  } else {
    tables->maglev = BuildMaglev(cluster);
  }
  return tables;
}

}  // namespace sluice::core

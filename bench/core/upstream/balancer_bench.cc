// Choosing an endpoint among few and many.
#include "core/upstream/balancer.h"

#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/support/alloc_counter.h"
#include "core/base/random.h"
#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::bench {
namespace {

void Pick(benchmark::State& state, core::LbPolicy policy, std::uint32_t weight_of_first) {
  core::Cluster cluster = core::MakeCluster(static_cast<std::size_t>(state.range(0)), policy);
  cluster.endpoints[0].weight = weight_of_first;
  cluster.hash_tables = core::BuildHashTables(cluster);
  core::Random random(1);
  for (const core::Endpoint& endpoint : cluster.endpoints) {
    endpoint.state->active_requests = static_cast<std::uint32_t>(random.Below(8));
  }
  core::Balancer balancer(cluster);
  const core::TimePoint now{core::Seconds(1000)};
  balancer.Pick({.random = random, .now = now, .hash = {}});  // the first pick looks at every endpoint
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    const core::Endpoint* endpoint = balancer.Pick({.random = random, .now = now, .hash = random.Next()});
    checksum += static_cast<std::uint64_t>(endpoint - cluster.endpoints.data());
  }
  allocations.Report(state, checksum);
}
BENCHMARK_CAPTURE(Pick, least_request, core::LbPolicy::kLeastRequest, 1)->Arg(1)->Arg(3)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK_CAPTURE(Pick, least_request_by_weight, core::LbPolicy::kLeastRequest, 2)
    ->Arg(1)
    ->Arg(3)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1'000);
BENCHMARK_CAPTURE(Pick, round_robin, core::LbPolicy::kRoundRobin, 1)->Arg(1)->Arg(3)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK_CAPTURE(Pick, ring_hash, core::LbPolicy::kRingHash, 1)->Arg(1)->Arg(3)->Arg(10)->Arg(100)->Arg(1'000);

}  // namespace
}  // namespace sluice::bench

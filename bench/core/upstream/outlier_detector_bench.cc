// What outlier detection costs a request that went well, which is nearly all of them.
#include "core/upstream/outlier_detector.h"

#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/support/alloc_counter.h"
#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::bench {
namespace {

const core::Cluster& SharedCluster() {
  static const core::Cluster cluster = [] {
    core::Cluster made = core::MakeCluster(3);
    made.outlier.emplace();
    return made;
  }();
  return cluster;
}

// Threads stand for workers: a good answer must write nothing that they share.
void OutcomeGood(benchmark::State& state) {
  const core::Cluster& cluster = SharedCluster();
  const core::TimePoint now{core::Seconds(1000)};
  core::Outcome outcome;
  std::uint64_t checksum = 0;
  std::uint32_t turn = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    const core::Endpoint& endpoint = cluster.endpoints[turn];
    turn = turn == 2 ? 0 : turn + 1;
    outcome.status = 200;
    benchmark::DoNotOptimize(outcome);
    core::OnStreamBound(cluster, endpoint);
    checksum += core::OnOutcome(cluster, endpoint, outcome, now) ? 1 : 2;
  }
  allocations.Report(state, checksum);
}
BENCHMARK(OutcomeGood)->Threads(1)->Threads(2);

// The dear way: a failure and the success that ends its run, both under the mutex.
void OutcomeBadThenGood(benchmark::State& state) {
  core::Cluster cluster = core::MakeCluster(3);
  cluster.outlier.emplace();
  const core::TimePoint now{core::Seconds(1000)};
  core::Outcome bad;
  bad.status = 503;
  core::Outcome good;
  good.status = 200;
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    checksum += core::OnOutcome(cluster, cluster.endpoints[0], bad, now) ? 1 : 2;
    checksum += core::OnOutcome(cluster, cluster.endpoints[0], good, now) ? 1 : 2;
  }
  allocations.Report(state, checksum);
}
BENCHMARK(OutcomeBadThenGood);

}  // namespace
}  // namespace sluice::bench

// Choosing among three weighted destinations.
#include "core/route/traffic_split.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/support/alloc_counter.h"
#include "core/base/random.h"

namespace sluice::bench {
namespace {

std::vector<core::WeightedDestination> Split() {
  std::vector<core::WeightedDestination> split(3);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    split[i].host = "content-ranking-svc.ml-serving.svc.cluster.local";
    split[i].subset = "v4" + std::to_string(5 + i);
    split[i].weight = i == 0 ? 90 : 5;
    split[i].cumulative = sum += split[i].weight;
  }
  return split;
}

void SplitByDraw(benchmark::State& state) {
  const auto split = Split();
  core::Random random(1);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += core::ChooseByDraw(split, random.Next()).cumulative;
  allocations.Report(state, checksum);
}
BENCHMARK(SplitByDraw);

void SplitByUser(benchmark::State& state) {
  const auto split = Split();
  core::Random random(1);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += core::ChooseByUser(split, random.Next()).cumulative;
  allocations.Report(state, checksum);
}
BENCHMARK(SplitByUser);

}  // namespace
}  // namespace sluice::bench

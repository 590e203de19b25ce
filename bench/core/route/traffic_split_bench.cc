// Choosing among weighted destinations.
#include "core/route/traffic_split.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/support/alloc_counter.h"
#include "core/base/random.h"

namespace sluice::bench {
namespace {

std::vector<core::WeightedDestination> Split(std::int64_t count) {
  std::vector<core::WeightedDestination> split(static_cast<std::size_t>(count));
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
  const auto split = Split(state.range(0));
  core::Random random(1);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += core::ChooseByDraw(split, random.Next()).cumulative;
  allocations.Report(state, checksum);
}
BENCHMARK(SplitByDraw)->Arg(3)->Arg(10)->Arg(100)->Arg(1'000);

void SplitByUser(benchmark::State& state) {
  const auto split = Split(state.range(0));
  core::Random random(1);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += core::ChooseByUser(split, random.Next()).cumulative;
  allocations.Report(state, checksum);
}
BENCHMARK(SplitByUser)->Arg(3)->Arg(10)->Arg(100)->Arg(1'000);

}  // namespace
}  // namespace sluice::bench

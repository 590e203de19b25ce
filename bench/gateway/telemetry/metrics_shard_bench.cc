// The price of counting one request: a warm OnExchange over two versions and a few codes.
#include "gateway/telemetry/metrics_shard.h"

#include <benchmark/benchmark.h>

#include <array>

#include "bench/support/alloc_counter.h"
#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

void OnExchangeWarm(benchmark::State& state) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario;
  const std::array<core::Record, 4> records = {scenario.Answered(scenario.v45()), scenario.Answered(scenario.v47()),
                                               scenario.Answered(scenario.v47(), 503), scenario.NoRoute()};
  for (const core::Record& record : records) shard.OnExchange(record);

  const bench::AllocCounter allocations;
  std::size_t next = 0;
  for (auto _ : state) {
    shard.OnRequest();
    shard.OnExchange(records[next++ % records.size()]);
  }
  std::uint64_t checksum = 0;
  for (std::size_t i = 0; i < shard.series().size(); ++i) checksum = checksum * 31 + shard.series()[i].number;
  allocations.Report(state, checksum);
}
BENCHMARK(OnExchangeWarm);

}  // namespace
}  // namespace sluice::gateway

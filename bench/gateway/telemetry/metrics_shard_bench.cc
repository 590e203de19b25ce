// The price of counting one request: a warm OnExchange over two versions and a few codes, and over many series; and of
// telling all series to who scrapes.
#include "gateway/telemetry/metrics_shard.h"

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "bench/support/alloc_counter.h"
#include "gateway/telemetry/prometheus_collector.h"
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

constexpr std::size_t kPieceBytes = 256 * 1024;

// As many destinations as series, each with an answer.
struct Crowd {
  explicit Crowd(std::int64_t count) {
    core::Snapshot& snapshot = scenario.snapshot();
    const core::Cluster model = snapshot.clusters.front();
    snapshot.clusters.clear();
    for (std::int64_t i = 0; i < count; ++i) {
      core::Cluster& cluster = snapshot.clusters.emplace_back(model);
      cluster.endpoints[0].version = "v" + std::to_string(i);
    }
    for (const core::Cluster& cluster : snapshot.clusters) {
      records.push_back(scenario.Answered(cluster));
      shard.OnExchange(records.back());
    }
  }

  Scenario scenario;
  SeriesRegistry registry{{}};
  MetricsShard shard{registry};
  std::vector<core::Record> records;
};

void OnExchangeBySeries(benchmark::State& state) {
  Crowd crowd(state.range(0));
  const bench::AllocCounter allocations;
  std::size_t next = 0;
  for (auto _ : state) {
    crowd.shard.OnExchange(crowd.records[next]);
    next = (next + 7'919) % crowd.records.size();  // no neighbour has warmed the way
  }
  std::uint64_t checksum = 0;
  for (std::size_t i = 0; i < crowd.shard.series().size(); ++i) checksum += crowd.shard.series()[i].number;
  allocations.Report(state, checksum);
}
BENCHMARK(OnExchangeBySeries)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000)->Arg(9'000);

// As the admin port does it: piece by piece. `page_bytes` is the length of the page.
void Scrape(benchmark::State& state) {
  Crowd crowd(state.range(0));
  MetricsSource source;
  source.registry = &crowd.registry;
  source.shards = {&crowd.shard};
  source.process = [](void*) { return ProcessFacts{}; };
  const PrometheusCollector collector(source);
  std::uint64_t checksum = 0;
  const bench::AllocCounter allocations;
  std::string piece;
  for (auto _ : state) {
    checksum = 0;
    for (TextPage page = collector.Page(); !page.ended(); checksum += piece.size()) {
      piece.clear();
      page.Write(piece, kPieceBytes);
    }
  }
  state.counters["page_bytes"] = static_cast<double>(checksum);
  allocations.Report(state, checksum);
}
BENCHMARK(Scrape)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000)->Arg(9'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::gateway

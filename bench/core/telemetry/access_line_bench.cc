// The price of one access-log line.
#include "core/telemetry/access_line.h"

#include <benchmark/benchmark.h>

#include <array>

#include "bench/support/alloc_counter.h"

namespace sluice::core {
namespace {

void WriteJsonLine(benchmark::State& state) {
  Record record;
  record.response_code = 200;
  record.details = "via_upstream";
  record.original_path = "/v1/models/ranking:predict?user=12345";
  record.request_id = "6f0c8b1e-0000-4000-8000-000000000001";
  record.x_forwarded_for = "10.0.0.7";
  record.downstream_remote_address = "10.0.0.7:51000";
  std::array<char, kAccessLineMax> line;
  const bench::AllocCounter allocations;
  std::size_t size = 0;
  for (auto _ : state) {
    size = WriteAccessLine(record, Settings::AccessLog::Format::kJson, line);
    benchmark::DoNotOptimize(line.data());
  }
  allocations.Report(state, size);
}
BENCHMARK(WriteJsonLine);

}  // namespace
}  // namespace sluice::core

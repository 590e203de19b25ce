// One bucket of a user.
#include "core/experiment/bucket_hasher.h"

#include <benchmark/benchmark.h>

#include "bench/support/alloc_counter.h"

namespace sluice::bench {
namespace {

void Bucket(benchmark::State& state) {
  core::BucketHasher hasher;
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += hasher.Bucket("user-8c51f2a9", "ranking-v47", 100).value_or(0);
  allocations.Report(state, checksum);
}
BENCHMARK(Bucket);

}  // namespace
}  // namespace sluice::bench

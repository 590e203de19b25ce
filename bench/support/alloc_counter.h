// Counts heap allocations of the calling thread, so that a benchmark can report `allocs_per_request`.
// Linked into sluice_microbench only: it replaces the global operator new. Any thread; each sees its own count.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace sluice::bench {

// Calls of operator new by this thread since it began.
std::uint64_t Allocations();

// Stands around the measured loop; Report() divides by the iterations and adds the counters every benchmark prints:
// `allocs_per_request` (heap allocations per iteration) and `checksum` (a digest of the results, so that neither
// compiler nor author can optimize the work away).
class AllocCounter {
 public:
  AllocCounter() : start_(Allocations()) {}

  void Report(benchmark::State& state, std::uint64_t checksum) const {
    const auto made = static_cast<double>(Allocations() - start_);
    const auto iterations = static_cast<double>(state.iterations() > 0 ? state.iterations() : 1);
    state.counters["allocs_per_request"] = benchmark::Counter(made / iterations);
    // A double holds 53 bits; 32 are enough to see a change.
    state.counters["checksum"] =
        benchmark::Counter(static_cast<double>(static_cast<std::uint32_t>(checksum ^ (checksum >> 32))));
  }

 private:
  std::uint64_t start_;
};

}  // namespace sluice::bench

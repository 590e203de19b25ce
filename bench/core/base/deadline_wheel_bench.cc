#include "core/base/deadline_wheel.h"

#include <benchmark/benchmark.h>

#include "bench/support/alloc_counter.h"

namespace sluice::core {
namespace {

// What every request does: arm a timeout, disarm it when the answer came in time.
void WheelArmDisarm(benchmark::State& state) {
  TimePoint now{Seconds(1000)};
  DeadlineWheel wheel(now);
  std::uint64_t fired = 0;
  Deadline deadline([](void* count) { ++*static_cast<std::uint64_t*>(count); }, &fired);
  const bench::AllocCounter allocations;
  for (auto _ : state) {
    now += Duration(1000);
    wheel.Arm(deadline, now + Milliseconds(200));
    benchmark::DoNotOptimize(wheel.Next());
    wheel.Disarm(deadline);
  }
  allocations.Report(state, fired);
}
BENCHMARK(WheelArmDisarm);

// A deadline that really runs off, with the steps between levels.
void WheelArmExpire(benchmark::State& state) {
  TimePoint now{Seconds(1000)};
  DeadlineWheel wheel(now);
  std::uint64_t fired = 0;
  Deadline deadline([](void* count) { ++*static_cast<std::uint64_t*>(count); }, &fired);
  const bench::AllocCounter allocations;
  for (auto _ : state) {
    wheel.Arm(deadline, now + Milliseconds(200));
    now += Milliseconds(201);
    wheel.Expire(now);
  }
  allocations.Report(state, fired / static_cast<std::uint64_t>(state.iterations()));
}
BENCHMARK(WheelArmExpire);

}  // namespace
}  // namespace sluice::core

// What the experiments of a host cost a request: units, layers, hashes, arms, and the x-ab-* fields.
#include "core/experiment/assignment.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/support/alloc_counter.h"
#include "bench/support/predict_request.h"

namespace sluice::bench {
namespace {

enum class Kind : std::uint8_t { kApart, kOneLayer, kHoldout };

std::vector<core::Experiment> Experiments(std::int64_t count, Kind kind) {
  std::vector<core::Experiment> experiments(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < experiments.size(); ++i) {
    core::Experiment& experiment = experiments[i];
    experiment.id = core::ExperimentId{i};
    experiment.name = experiment.salt = "ranking-v" + std::to_string(40 + i);
    experiment.host = "content-ranking-svc.ml-serving.svc.cluster.local";
    experiment.unit_name = "x-user-id";
    experiment.arms = {{"control", 0, 79, "v45"}, {"treatment", 80, 99, "v47"}};
    const auto part = static_cast<std::uint32_t>(core::kLayerBuckets / experiments.size());
    if (kind == Kind::kOneLayer) experiment.layer = {"ranking", i * part, (i + 1) * part - 1};
    if (kind == Kind::kHoldout) experiment.holdout = {"q4", 500};
  }
  return experiments;
}

void Assign(benchmark::State& state, Kind kind) {
  const std::vector<core::Experiment> experiments = Experiments(state.range(0), kind);
  std::vector<core::ExperimentId> ids;
  for (const core::Experiment& experiment : experiments) ids.push_back(experiment.id);
  core::BucketHasher hasher;
  core::Random random(1);
  core::Arena arena;
  std::uint64_t checksum = 0;
  std::uint64_t user = 0;
  std::string unit = "user-8c51f2a9";
  AllocCounter allocations;
  for (auto _ : state) {
    arena.Reset();
    unit[5 + user % 8] = "0123456789abcdef"[user / 8 % 16];
    ++user;
    core::Head head = PredictRequest(arena, "/v1/models/ranking:predict");
    head.headers.AddBorrowed("x-user-id", unit);
    const core::RouteInput input{&head, head.path, "", 8080};
    const core::Assignments assigned = core::AssignExperiments(ids, experiments, head, input, hasher, random, arena);
    for (const core::Assignment& one : assigned.all) checksum += one.bucket;
  }
  allocations.Report(state, checksum);
}
BENCHMARK_CAPTURE(Assign, apart, Kind::kApart)->Arg(0)->Arg(1)->Arg(2)->Arg(20);
BENCHMARK_CAPTURE(Assign, one_layer, Kind::kOneLayer)->Arg(20);
BENCHMARK_CAPTURE(Assign, holdout, Kind::kHoldout)->Arg(20);

// The hashes alone, as each kernel that this processor can run makes them.
void Md5(benchmark::State& state) {
  const auto kernel = core::Md5Kernels()[static_cast<std::size_t>(state.range(0))];
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    core::Md5Batch batch("user-8c51f2a9");
    for (std::int64_t i = 0; i < state.range(1); ++i) batch.Add("ranking-v47");
    core::Md5Numbers numbers;
    kernel(batch, numbers);
    checksum += numbers[static_cast<std::size_t>(state.range(1)) - 1];
  }
  allocations.Report(state, checksum);
}
BENCHMARK(Md5)->Apply([](auto* bench) {
  for (std::size_t kernel = 0; kernel < core::Md5Kernels().size(); ++kernel) {
    for (const std::int64_t lanes : {1, 4, 8, 16}) bench->Args({static_cast<std::int64_t>(kernel), lanes});
  }
});

}  // namespace
}  // namespace sluice::bench

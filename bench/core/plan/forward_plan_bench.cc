// The whole decision: bucket, 200 rules, split, mirror, header operations.
#include "core/plan/forward_plan.h"

#include <benchmark/benchmark.h>

#include <string>

#include "bench/support/alloc_counter.h"
#include "bench/support/predict_request.h"

namespace sluice::bench {
namespace {

constexpr auto kHost = "content-ranking-svc.ml-serving.svc.cluster.local";

core::WeightedDestination To(std::uint32_t cluster, std::string subset, std::uint32_t weight, std::uint64_t sum) {
  core::WeightedDestination destination;
  destination.cluster = core::ClusterId{cluster};
  destination.host = kHost;
  destination.subset = std::move(subset);
  destination.port = 8000;
  destination.weight = weight;
  destination.cumulative = sum;
  return destination;
}

void AddClusters(core::Snapshot& snapshot) {
  for (const char* subset : {"v45", "v47"}) {
    core::Cluster& cluster = snapshot.clusters.emplace_back();
    cluster.id = core::ClusterId{static_cast<std::uint32_t>(snapshot.clusters.size() - 1)};
    cluster.service_host = kHost;
    cluster.subset = subset;
    cluster.port = 8000;
  }
  snapshot.IndexClusters();
}

void AddExperiment(core::Snapshot& snapshot, const std::string& name) {
  core::Experiment& experiment = snapshot.experiments.emplace_back();
  experiment.id = core::ExperimentId{static_cast<std::uint32_t>(snapshot.experiments.size() - 1)};
  experiment.name = experiment.salt = name;
  experiment.host = kHost;
  experiment.unit_name = "x-user-id";
  experiment.arms = {{"control", 0, 79, "v45"}, {"treatment", 80, 99, "v47"}};
}

// `rules` header rules that do not match, then the 90/10 split with a 10 % mirror.
core::Snapshot World(std::int64_t rules, std::int64_t experiments) {
  core::Snapshot snapshot;
  AddClusters(snapshot);
  for (std::int64_t i = 0; i < experiments; ++i) AddExperiment(snapshot, "ranking-v" + std::to_string(47 + i));
  core::VirtualHost host;
  host.hosts = {kHost};
  for (const core::Experiment& experiment : snapshot.experiments) host.experiments.push_back(experiment.id);
  for (std::int64_t i = 0; i <= rules; ++i) {
    core::Route& route = snapshot.routes.emplace_back();
    route.id = core::RouteId{static_cast<std::uint32_t>(i)};
    host.routes.push_back(route.id);
    core::Forward forward;
    forward.destinations = {To(0, "v45", 90, 90), To(1, "v47", 10, 100)};
    forward.mirrors = {{core::ClusterId{1}, kHost, "v47", 100'000}};
    route.action = std::move(forward);
    if (i == rules) continue;
    route.matches.emplace_back().headers.push_back(
        {"x-user-segment", core::HeaderName::kOther, core::StringMatch::Exact("segment-" + std::to_string(i))});
  }
  snapshot.routes.back().headers.request.set = {{"x-gateway", "sluice"}};
  snapshot.route_table.Build({host}, snapshot.routes);
  return snapshot;
}

void Decide(benchmark::State& state, const core::Snapshot& snapshot) {
  core::BucketHasher hasher;
  core::Random random(1);
  core::Arena arena;
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    arena.Reset();
    core::Head head = PredictRequest(arena, "/v1/models/ranking:predict?debug=1");
    head.headers.AddBorrowed(core::HeaderName::kXForwardedFor, "10.1.2.3");
    head.headers.AddBorrowed("x-user-id", "user-8c51f2a9");
    head.headers.AddBorrowed("x-user-segment", "standard");
    const core::PlanInput input{head.path.substr(0, 26), "debug=1", 8080, "10.1.2.3", "id"};
    const core::Plan plan = core::MakePlan(snapshot, head, input, hasher, random, arena);
    core::ApplyRequestHeaders(plan, head, input, arena);
    checksum += plan.bucket + std::get<core::ForwardPlan>(plan.action).cluster.value;
  }
  allocations.Report(state, checksum);
}

void MakePlan(benchmark::State& state) { Decide(state, World(state.range(0), 1)); }
BENCHMARK(MakePlan)->Arg(1)->Arg(10)->Arg(100)->Arg(200)->Arg(1'000);

// By the number of experiments on the host.
void MakePlanWithExperiments(benchmark::State& state) { Decide(state, World(10, state.range(0))); }
BENCHMARK(MakePlanWithExperiments)->Arg(0)->Arg(1)->Arg(2)->Arg(5)->Arg(10)->Arg(20);

// By the number of subsets among which the weights divide the requests.
void MakePlanWithSubsets(benchmark::State& state) {
  core::Snapshot snapshot = World(1, 1);
  auto& split = std::get<core::Forward>(snapshot.routes.back().action).destinations;
  split.clear();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    split.push_back(To(static_cast<std::uint32_t>(i % 2), i % 2 == 0 ? "v45" : "v47", 1, split.size() + 1));
  }
  Decide(state, snapshot);
}
BENCHMARK(MakePlanWithSubsets)->Arg(2)->Arg(10)->Arg(100)->Arg(1'000);

// Every request names another host, and every host has a rule of its own: what a cold decision costs.
void MakePlanAmongHosts(benchmark::State& state) {
  core::Snapshot snapshot;
  AddClusters(snapshot);
  std::vector<core::VirtualHost> hosts;
  std::vector<std::string> asked;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    core::Route& route = snapshot.routes.emplace_back();
    route.id = core::RouteId{static_cast<std::uint32_t>(i)};
    core::Forward forward;
    forward.destinations = {To(0, "v45", 90, 90), To(1, "v47", 10, 100)};
    route.action = std::move(forward);
    core::VirtualHost& host = hosts.emplace_back();
    host.hosts = {"model-" + std::to_string(i) + ".ml-serving.svc.cluster.local"};
    host.routes = {route.id};
    asked.push_back(host.hosts.front() + ":8080");
  }
  snapshot.route_table.Build(std::move(hosts), snapshot.routes);
  core::BucketHasher hasher;
  core::Random random(1);
  core::Arena arena;
  std::uint64_t checksum = 0;
  std::size_t at = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    arena.Reset();
    core::Head head = PredictRequest(arena, "/v1/models/ranking:predict");
    head.authority = asked[at];
    at = (at + 7'919) % asked.size();  // no neighbour has warmed the way
    const core::PlanInput input{head.path, "", 8080, "10.1.2.3", "id"};
    const core::Plan plan = core::MakePlan(snapshot, head, input, hasher, random, arena);
    checksum += std::get<core::ForwardPlan>(plan.action).cluster.value;
  }
  allocations.Report(state, checksum);
}
BENCHMARK(MakePlanAmongHosts)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace sluice::bench

// What the end of an exchange costs on top for a user of experiments: the feed's filter and the meter of the version, for
// users who come again and for new ones, in one experiment and in twenty.
#include "gateway/experiment/exposure_feed.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/support/alloc_counter.h"
#include "gateway/telemetry/version_observer.h"

namespace sluice::gateway {
namespace {

// `users` users, each in the first arm of all experiments; the first experiment has chosen the subset.
class Served {
 public:
  Served(std::size_t users, std::size_t experiments) : assignments_(users), plans_(users), records_(users) {
    snapshot_.generation = 1;
    snapshot_.meters.push_back({"experiment/ml/x/arm/a", std::make_shared<core::VersionMeters>(1)});
    destination_.host = "ranking.svc";
    for (std::size_t i = 0; i < experiments; ++i) {
      core::Experiment& experiment = snapshot_.experiments.emplace_back();
      experiment.id = core::ExperimentId{static_cast<std::uint32_t>(i)};
      experiment.host = destination_.host;
      experiment.arms = {{.name = "a", .subset = "v45", .meter = core::MeterId{0}}};
    }
    core::ForwardPlan forward;
    forward.cluster = core::ClusterId{0};
    forward.destination = &destination_;
    for (std::size_t i = 0; i < users; ++i) {
      units_.push_back("user-" + std::to_string(i));
      for (const core::Experiment& experiment : snapshot_.experiments) {
        assignments_[i].push_back({.experiment = &experiment, .arm = &experiment.arms[0], .bucket = 7, .unit = {}});
      }
    }
    for (std::size_t i = 0; i < users; ++i) {
      for (core::Assignment& assignment : assignments_[i]) assignment.unit = units_[i];
      plans_[i].route = &route_;
      plans_[i].assignments.all = assignments_[i];
      plans_[i].applied = &assignments_[i][0];
      plans_[i].action = forward;
      core::Record& record = records_[i];
      record.snapshot = &snapshot_;
      record.plan = &plans_[i];
      record.request = &request_;
      record.response_code = 200;
      record.relayed = true;
      record.duration = core::Milliseconds(static_cast<std::int64_t>(i % 50));
    }
  }

  void End(std::size_t user) {
    ObserveVersion(records_[user], 0);
    feed.OnExchange(records_[user]);
  }
  std::uint64_t answers() const { return snapshot_.meters[0].live->at(0).answers(); }

  ExposureFeed feed;

 private:
  core::Arena arena_;
  core::Head request_{arena_};
  core::Route route_;
  core::WeightedDestination destination_;
  core::Snapshot snapshot_;
  std::vector<std::string> units_;
  std::vector<std::vector<core::Assignment>> assignments_;
  std::vector<core::Plan> plans_;
  std::vector<core::Record> records_;
};

void KnownUser(benchmark::State& state) {
  Served served(64, static_cast<std::size_t>(state.range(0)));
  for (std::size_t user = 0; user < 64; ++user) served.End(user);
  std::vector<Exposure> told;
  served.feed.Read(told);

  const bench::AllocCounter allocations;
  std::size_t next = 0;
  for (auto _ : state) served.End(next++ % 64);
  allocations.Report(state, served.answers() * 31 + told.size());
}
BENCHMARK(KnownUser)->Arg(1)->Arg(20);

// More users than the filter remembers, so that each is an entry; they are read as fast as they come.
void NewUser(benchmark::State& state) {
  const auto experiments = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t kUsers = 65'536;
  Served served(kUsers, experiments);
  served.End(0);
  std::vector<Exposure> told;
  told.reserve(2 * ExposureFeed::kRing);
  const std::size_t batch = ExposureFeed::kRing / experiments / 2;

  const bench::AllocCounter allocations;
  std::size_t next = 0;
  for (auto _ : state) {
    served.End(next++ % kUsers);
    if (next % batch == 0) {
      state.PauseTiming();
      told.clear();
      served.feed.Read(told);
      state.ResumeTiming();
    }
  }
  allocations.Report(state, served.answers() * 31 + served.feed.dropped());
}
BENCHMARK(NewUser)->Arg(1)->Arg(20);

// Nobody measures, nobody takes part: what every other request pays.
void NoExperiment(benchmark::State& state) {
  core::Snapshot snapshot;
  core::Plan plan;
  core::Record record;
  record.snapshot = &snapshot;
  record.plan = &plan;
  ExposureFeed feed;

  const bench::AllocCounter allocations;
  for (auto _ : state) {
    ObserveVersion(record, 0);
    if (!plan.assignments.all.empty()) feed.OnExchange(record);
    benchmark::DoNotOptimize(record);
  }
  allocations.Report(state, feed.dropped());
}
BENCHMARK(NoExperiment);

}  // namespace
}  // namespace sluice::gateway

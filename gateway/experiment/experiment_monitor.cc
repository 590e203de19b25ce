#include "gateway/experiment/experiment_monitor.h"

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "core/telemetry/utc_text.h"
#include "core/upstream/affinity_hash.h"
#include "gateway/experiment/experiment_pages.h"
#include "gateway/experiment/experiment_tally.h"
#include "gateway/experiment/exposure_set.h"
#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {
namespace {

// What of a cluster its name in the log is made from.
struct Served {
  std::string host;
  std::string subset;
  friend bool operator==(const Served&, const Served&) = default;
};

// What the ids in the entries of one generation mean.
struct Generation {
  struct Experiment {
    std::shared_ptr<ExperimentTally> tally;
    std::string host;
  };
  std::uint64_t number = 0;
  std::vector<Experiment> experiments;                // by ExperimentId
  std::shared_ptr<const std::vector<Served>> served;  // by ClusterId
};

std::string_view ByText(core::AssignedBy by) {
  switch (by) {
    case core::AssignedBy::kBucket: return "bucket";
    case core::AssignedBy::kOverride: return "override";
    case core::AssignedBy::kHoldout: return "holdout";
  }
  return "bucket";
}

std::string QuoteOrNull(std::string_view text) { return text.empty() ? "null" : config::JsonQuote(text); }

// The version; with its service where that is another one.
std::string ServedText(const Generation& generation, const Exposure& exposure) {
  if (!exposure.served.valid() || exposure.served.value >= generation.served->size()) return {};
  const Served& served = (*generation.served)[exposure.served.value];
  if (served.subset.empty()) return served.host;
  const bool own = served.host == generation.experiments[exposure.experiment.value].host;
  return own ? served.subset : served.host + '/' + served.subset;
}

}  // namespace

struct ExperimentMonitor::State {
  State(boost::asio::io_context& context, const core::Clock& its_clock, MonitorSource its_source)
      : clock(its_clock), source(std::move(its_source)), timer(context), seen(kKeysMax) {}

  void Arm(ExperimentMonitor& monitor);
  void Follow();
  core::Status FollowLog(const core::Settings::ExposureLog& settings);
  void Take(const Exposure& exposure);
  void Log(const Generation& generation, const Exposure& exposure, const ExperimentTally& tally);
  bool Remember(std::uint64_t key);
  void LookAll();
  void Warn(const std::string& text) const {
    if (source.warn != nullptr) source.warn(source.self, text);
  }

  const core::Clock& clock;
  MonitorSource source;
  boost::asio::steady_timer timer;
  std::shared_ptr<const core::Snapshot> snapshot;  // in force
  std::deque<Generation> generations;              // the last ones, newest first
  std::map<std::pair<std::string, std::string>, std::shared_ptr<ExperimentTally>> tallies;  // of those in force
  ExposureSet seen;
  std::vector<Exposure> entries;
  std::optional<UnitHasher> hasher;
  ExposureLog log;
  std::string log_error;  // that was told
  core::Counter unknown_generation;
};

ExperimentMonitor::ExperimentMonitor(boost::asio::io_context& context, const core::Clock& clock, MonitorSource source)
    : state_(std::make_unique<State>(context, clock, std::move(source))) {}

ExperimentMonitor::~ExperimentMonitor() = default;

void ExperimentMonitor::Start() {
  Read();
  state_->Arm(*this);
}

void ExperimentMonitor::State::Arm(ExperimentMonitor& monitor) {
  timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(clock.Now() + kInterval));
  timer.async_wait([this, &monitor](const boost::system::error_code& error) {
    if (error) return;
    monitor.Read();
    Arm(monitor);
  });
}

void ExperimentMonitor::Stop() {
  state_->timer.cancel();
  Read();
}

void ExperimentMonitor::Rotate() {
  if (const core::Status opened = state_->log.Reopen(); !opened) state_->Warn(opened.error().Text());
}

void ExperimentMonitor::Read() {
  State& state = *state_;
  state.Follow();
  if (state.snapshot == nullptr) return;
  const core::Status opened = state.FollowLog(state.snapshot->settings.exposure_log);
  const std::string error = opened ? std::string() : opened.error().Text();
  if (error != state.log_error && !error.empty()) state.Warn(error);
  state.log_error = error;
  state.entries.clear();
  for (ExposureFeed* feed : state.source.feeds) feed->Read(state.entries);
  for (const Exposure& exposure : state.entries) state.Take(exposure);
  state.LookAll();
  state.log.Flush();
}

core::Status ExperimentMonitor::State::FollowLog(const core::Settings::ExposureLog& settings) {
  if (!settings.path.empty() && !hasher) {
    auto opened = UnitHasher::Open(source.state_directory);
    if (!opened) return std::unexpected(opened.error());
    hasher = *opened;
  }
  return log.Follow(settings);
}

void ExperimentMonitor::State::Follow() {
  auto current = source.snapshot(source.self);
  if (current == nullptr || current == snapshot) return;
  snapshot = std::move(current);
  Generation next{.number = snapshot->generation, .experiments = {}, .served = {}};
  decltype(tallies) kept;
  for (const core::Experiment& experiment : snapshot->experiments) {
    if (experiment.id.value != next.experiments.size()) continue;  // a copy of one, behind all of them
    const auto name = std::pair(experiment.name_space, experiment.name);
    const auto known = tallies.find(name);
    std::shared_ptr<ExperimentTally> tally;
    if (known != tallies.end() && known->second->definition() == ExperimentTally::DefinitionOf(experiment)) {
      tally = known->second;
      tally->Follow(experiment);
    } else {
      tally = std::make_shared<ExperimentTally>(experiment, *snapshot, UnixMicros());
    }
    kept[name] = tally;
    next.experiments.push_back({tally, experiment.host});
  }
  tallies = std::move(kept);
  auto served = std::make_shared<std::vector<Served>>();
  if (!next.experiments.empty()) {
    for (const core::Cluster& cluster : snapshot->clusters) served->push_back({cluster.service_host, cluster.subset});
  }
  // Most changes leave the services alone: one list for all of them.
  const bool same = !generations.empty() && *generations.front().served == *served;
  next.served = same ? generations.front().served : std::move(served);
  generations.push_front(std::move(next));
  if (generations.size() > kGenerations) generations.pop_back();
}

void ExperimentMonitor::State::Take(const Exposure& exposure) {
  for (const Generation& generation : generations) {
    if (generation.number != exposure.generation) continue;
    if (exposure.experiment.value >= generation.experiments.size()) break;
    ExperimentTally& tally = *generation.experiments[exposure.experiment.value].tally;
    // Those whom a name has put there are not there by chance.
    if (exposure.by != core::AssignedBy::kOverride && exposure.arm != -1) {
      const std::string_view unit(exposure.unit.data(), exposure.unit_size);
      const std::uint64_t key = core::AffinityHash(tally.ArmName(exposure.arm), tally.seed());
      if (Remember(core::AffinityHash(unit, key))) tally.Count(exposure.arm);
    }
    if (log.open()) {
      Log(generation, exposure, tally);
    } else if (!snapshot->settings.exposure_log.path.empty()) {
      log.Write({});  // a file that cannot be had: dropped and counted
    }
    return;
  }
  unknown_generation.Add();
}

void ExperimentMonitor::State::Log(const Generation& generation, const Exposure& exposure,
                                   const ExperimentTally& tally) {
  const std::string_view unit(exposure.unit.data(), exposure.unit_size);
  const std::string served = ServedText(generation, exposure);
  const std::string_view arm = tally.ArmName(exposure.arm);
  const std::uint64_t key = core::AffinityHash(arm, core::AffinityHash(served, tally.seed() + 1));
  if (!Remember(core::AffinityHash(unit, key))) return;
  std::array<char, core::kUtcTextMax> time;
  log.Write("{\"time\":\"" + std::string(core::UtcText(exposure.time_us, time.data())) + "\",\"experiment\":" +
            config::JsonQuote(tally.name_space() + '/' + tally.name()) + ",\"unit\":\"" + hasher->Hash(unit) +
            "\",\"bucket\":" + std::to_string(exposure.bucket) + ",\"assigned\":" + QuoteOrNull(arm) + ",\"by\":\"" +
            std::string(ByText(exposure.by)) + "\",\"served\":" + QuoteOrNull(served) + ",\"reason\":\"" +
            std::string(ServedReasonText(exposure.reason)) + "\"}\n");
}

// True the first time. Once users are forgotten they may be counted again.
bool ExperimentMonitor::State::Remember(std::uint64_t key) {
  const std::uint64_t turns = seen.turns();
  const bool added = seen.Add(key);
  if (seen.turns() != turns) {
    for (const auto& [name, tally] : tallies) tally->watch().Restart();
  }
  return added;
}

void ExperimentMonitor::State::LookAll() {
  for (const auto& [name, tally] : tallies) {
    if (tally->watch().Look()) Warn(config::FormatFinding(tally->AlarmFinding()));
  }
}

AdminAnswer ExperimentMonitor::Answer(const AdminRequest& request) {
  Read();
  ExperimentView view{.snapshot = state_->snapshot.get(), .log = &state_->log, .tallies = {}};
  for (const auto& [name, tally] : state_->tallies) view.tallies.push_back(tally.get());
  return AnswerExperiments(view, request);
}

std::vector<ExperimentFacts> ExperimentMonitor::Facts() const {
  std::vector<ExperimentFacts> all;
  for (const auto& [name, tally] : state_->tallies) {
    ExperimentFacts facts{.name_space = tally->name_space(),
                          .name = tally->name(),
                          .arms = {},
                          .ratio = tally->watch().ratio(),
                          .alarm = tally->watch().alarm()};
    for (const ExperimentTally::Arm& arm : tally->arms()) {
      facts.arms.push_back({arm.name, arm.subset, arm.weight, arm.exposures});
    }
    all.push_back(std::move(facts));
  }
  return all;
}

std::vector<config::Finding> ExperimentMonitor::Findings() const {
  std::vector<config::Finding> findings;
  for (const auto& [name, tally] : state_->tallies) {
    if (tally->watch().alarm()) findings.push_back(tally->AlarmFinding());
  }
  return findings;
}

const ExposureLog& ExperimentMonitor::log() const { return state_->log; }

std::uint64_t ExperimentMonitor::dropped_by_feeds() const {
  std::uint64_t sum = 0;
  for (const ExposureFeed* feed : state_->source.feeds) sum += feed->dropped();
  return sum;
}

std::uint64_t ExperimentMonitor::dropped_generations() const { return state_->unknown_generation.value(); }

std::uint64_t ExperimentMonitor::turns() const { return state_->seen.turns(); }

}  // namespace sluice::gateway

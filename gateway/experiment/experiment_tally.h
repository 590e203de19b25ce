// What was counted about one definition of an experiment: users by arm, each once, and the watch over their shares. Another
// definition gets another tally: users of two divisions cannot be added up. Owned by the monitor; the control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "core/experiment/experiment.h"
#include "core/snapshot/snapshot.h"
#include "core/stats/ratio_watch.h"
#include "core/telemetry/version_meter.h"

namespace sluice::gateway {

class ExperimentTally {
 public:
  struct Arm {
    std::string name;
    std::string subset{};
    std::uint64_t weight = 0;      // buckets; 0 for the holdout
    std::uint64_t exposures = 0;   // users
    core::MeterId meter{};         // of the snapshot that Follow() has seen last
    core::VersionSample before{};  // what it had measured when this definition came
  };

  ExperimentTally(const core::Experiment& experiment, const core::Snapshot& snapshot, std::int64_t now_us);

  // What makes it another experiment: unit, salt, buckets and arms. Who takes part at all may change.
  static std::string DefinitionOf(const core::Experiment& experiment);
  // The same definition in another snapshot.
  void Follow(const core::Experiment& experiment);

  // A user seen for the first time. `arm` as in Exposure: -1 none, -2 holdout.
  void Count(std::int32_t arm);
  // "control", "holdout"; empty: none.
  std::string_view ArmName(std::int32_t arm) const;
  // What the users of an arm were answered since this definition came; `snapshot` is the one that Follow() has seen.
  core::VersionSample AnsweredBy(const Arm& arm, const core::Snapshot& snapshot) const;

  const std::string& name_space() const { return name_space_; }
  const std::string& name() const { return name_; }
  const std::string& definition() const { return definition_; }
  std::int64_t since_us() const { return since_us_; }
  std::uint64_t seed() const { return seed_; }  // of the keys by which its users are remembered; no other tally has it
  const std::vector<Arm>& arms() const { return arms_; }  // of the experiment, then the holdout if there is one
  core::RatioWatch& watch() { return watch_; }
  const core::RatioWatch& watch() const { return watch_; }

  // SL2050, of an alarm in force.
  config::Finding AlarmFinding() const;

 private:
  std::string name_space_;
  std::string name_;
  std::string definition_;
  std::int64_t since_us_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<Arm> arms_;
  std::size_t own_arms_ = 0;  // without the holdout
  core::RatioWatch watch_;
};

}  // namespace sluice::gateway

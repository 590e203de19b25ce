#include "gateway/experiment/experiment_tally.h"

#include <array>
#include <cstdio>

#include "config/format.h"
#include "core/experiment/assignment.h"
#include "core/upstream/affinity_hash.h"

namespace sluice::gateway {
namespace {

constexpr std::int32_t kHoldout = -2;

std::uint64_t WeightOf(const core::ExperimentArm& arm) { return std::uint64_t{arm.last} - arm.first + 1; }

std::vector<std::uint64_t> WeightsOf(const core::Experiment& experiment) {
  std::vector<std::uint64_t> weights;
  for (const core::ExperimentArm& arm : experiment.arms) weights.push_back(WeightOf(arm));
  return weights;
}

core::VersionSample SampleOf(core::MeterId meter, const core::Snapshot& snapshot) {
  if (!meter.valid() || meter.value >= snapshot.meters.size()) return {};
  const core::MeterSlot& slot = snapshot.meters[meter.value];
  return slot.live == nullptr ? core::VersionSample{} : core::VersionSample::Of(*slot.live);
}

std::string Digits(double number, const char* format) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

}  // namespace

ExperimentTally::ExperimentTally(const core::Experiment& experiment, const core::Snapshot& snapshot,
                                 std::int64_t now_us)
    : name_space_(experiment.name_space),
      name_(experiment.name),
      definition_(DefinitionOf(experiment)),
      since_us_(now_us),
      seed_(core::AffinityHash(name_space_ + '/' + name_, static_cast<std::uint64_t>(now_us))),
      own_arms_(experiment.arms.size()),
      watch_(WeightsOf(experiment)) {
  for (const core::ExperimentArm& arm : experiment.arms) {
    arms_.push_back({.name = arm.name,
                     .subset = arm.subset,
                     .weight = WeightOf(arm),
                     .meter = arm.meter,
                     .before = SampleOf(arm.meter, snapshot)});
  }
  Follow(experiment);
}

std::string ExperimentTally::DefinitionOf(const core::Experiment& experiment) {
  std::string text = config::Format("{}\n{}\n{}\n{}\n", static_cast<int>(experiment.unit), experiment.unit_name,
                                    experiment.salt, experiment.buckets);
  for (const core::ExperimentArm& arm : experiment.arms) {
    text += config::Format("{} {}-{} {}\n", arm.name, arm.first, arm.last, arm.subset);
  }
  return text;
}

void ExperimentTally::Follow(const core::Experiment& experiment) {
  for (std::size_t i = 0; i < own_arms_; ++i) arms_[i].meter = experiment.arms[i].meter;
  if (experiment.holdout && arms_.size() == own_arms_) arms_.push_back({.name = std::string(core::kHoldoutArm)});
}

void ExperimentTally::Count(std::int32_t arm) {
  if (arm == kHoldout && arms_.size() > own_arms_) {
    ++arms_.back().exposures;
  } else if (arm >= 0 && static_cast<std::size_t>(arm) < own_arms_) {
    ++arms_[static_cast<std::size_t>(arm)].exposures;
    watch_.Count(static_cast<std::size_t>(arm));
  }
}

std::string_view ExperimentTally::ArmName(std::int32_t arm) const {
  if (arm == kHoldout) return core::kHoldoutArm;
  return arm >= 0 && static_cast<std::size_t>(arm) < own_arms_ ? arms_[static_cast<std::size_t>(arm)].name
                                                               : std::string_view();
}

core::VersionSample ExperimentTally::AnsweredBy(const Arm& arm, const core::Snapshot& snapshot) const {
  return SampleOf(arm.meter, snapshot).Since(arm.before);
}

config::Finding ExperimentTally::AlarmFinding() const {
  std::string users;
  std::string shares;
  const std::vector<std::uint64_t>& counted = watch_.counted_then();
  for (std::size_t i = 0; i < own_arms_; ++i) {
    if (i > 0) users += i + 1 == own_arms_ ? " and " : ", ";
    users += config::Format("{} in {}", counted[i], arms_[i].name);
    shares += (i > 0 ? " : " : "") + std::to_string(arms_[i].weight);
  }
  return {.severity = config::Severity::kWarning,
          .code = "SL2050",
          .message = "the users of experiment " + name_space_ + '/' + name_ + ", " + users +
                     ", are not split as its buckets are, " + shares + " (chi-square " +
                     Digits(watch_.ratio().chi_square, "%.1f") + ", p = " + Digits(watch_.ratio().p_value, "%.2g") +
                     "): one arm loses users, or another gets them twice",
          .cure =
              "do not compare the arms; look for what one version alone does to its users before they come here "
              "again: redirects, crashes, caches, retries with another id; then begin anew with another salt",
          .place = {.file = "Experiment " + name_space_ + '/' + name_, .mark = {}}};
}

}  // namespace sluice::gateway

#include "gateway/app/delivery_facts.h"

namespace sluice::gateway {

ExposureMetrics MetricsOf(const ExperimentMonitor& monitor) {
  ExposureMetrics metrics{.experiments = {},
                          .log_lines = monitor.log().lines(),
                          .dropped_by_log = monitor.log().dropped(),
                          .dropped_by_feed = monitor.dropped_by_feeds(),
                          .dropped_by_generation = monitor.dropped_generations(),
                          .memory_turns = monitor.turns()};
  for (const ExperimentFacts& facts : monitor.Facts()) {
    ExperimentMetrics& experiment = metrics.experiments.emplace_back();
    experiment.name_space = facts.name_space;
    experiment.name = facts.name;
    for (const ArmFacts& arm : facts.arms) experiment.arms.push_back({arm.arm, arm.exposures});
    experiment.ratio_p_value = facts.ratio.p_value;
    experiment.ratio_alarm = facts.alarm;
  }
  return metrics;
}

std::vector<CanaryMetrics> MetricsOf(const CanaryController& controller) {
  std::vector<CanaryMetrics> all;
  for (const CanaryFacts& facts : controller.Facts()) {
    all.push_back({.name_space = facts.name_space,
                   .name = facts.name,
                   .phase = std::string(core::CanaryPhaseText(facts.phase)),
                   .stage = facts.stage,
                   .weight = facts.weight,
                   .rollbacks = facts.rollbacks,
                   .promotions = facts.promotions});
  }
  return all;
}

}  // namespace sluice::gateway

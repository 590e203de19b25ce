// Users of experiments by arm, whether their shares are right, and what became of the exposure log.
#include <string>
#include <utility>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

void AppendRatios(const ExposureMetrics& metrics, std::vector<MetricFamily>& families) {
  MetricFamily exposures{"sluice_experiment_exposures_total",
                         "Users of each arm, each counted once, since the definition came.",
                         MetricType::kCounter,
                         {}};
  MetricFamily p_value{"sluice_experiment_ratio_p_value",
                       "Chance of shares as far off as at the last look, if nothing is wrong.",
                       MetricType::kGauge,
                       {}};
  MetricFamily alarm{"sluice_experiment_ratio_alarm", "1: the arms do not have their shares.", MetricType::kGauge, {}};
  for (const ExperimentMetrics& experiment : metrics.experiments) {
    const auto labels = [&experiment] {
      return std::vector<std::pair<std::string_view, std::string>>{{"namespace", experiment.name_space},
                                                                   {"experiment", experiment.name}};
    };
    for (const ExperimentMetrics::Arm& arm : experiment.arms) {
      MetricSample sample{labels(), static_cast<double>(arm.exposures), {}};
      sample.labels.emplace_back("arm", arm.name);
      exposures.samples.push_back(std::move(sample));
    }
    p_value.samples.push_back({labels(), experiment.ratio_p_value, {}});
    alarm.samples.push_back({labels(), experiment.ratio_alarm ? 1.0 : 0.0, {}});
  }
  for (MetricFamily* family : {&exposures, &p_value, &alarm}) families.push_back(std::move(*family));
}

}  // namespace

void AppendExperimentFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  if (source.exposures == nullptr) return;
  const ExposureMetrics metrics = source.exposures(source.self);
  AppendRatios(metrics, families);
  families.push_back(SingleValue("sluice_exposure_log_lines_total", "Lines written to the exposure log.",
                                 MetricType::kCounter, static_cast<double>(metrics.log_lines)));
  MetricFamily dropped{
      "sluice_exposures_dropped_total",
      "Exposures that were lost: feed, more than could be read; generation, of a configuration that is "
      "long gone; log, what the file did not take.",
      MetricType::kCounter,
      {}};
  dropped.samples.push_back({{{"reason", "feed"}}, static_cast<double>(metrics.dropped_by_feed), {}});
  dropped.samples.push_back({{{"reason", "generation"}}, static_cast<double>(metrics.dropped_by_generation), {}});
  dropped.samples.push_back({{{"reason", "log"}}, static_cast<double>(metrics.dropped_by_log), {}});
  families.push_back(std::move(dropped));
  families.push_back(SingleValue("sluice_exposure_memory_turns_total",
                                 "Times that users were forgotten to bound memory, who may then be counted again.",
                                 MetricType::kCounter, static_cast<double>(metrics.memory_turns)));
}

}  // namespace sluice::gateway

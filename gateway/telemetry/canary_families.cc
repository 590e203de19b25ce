// Where every canary is.
#include <array>
#include <string>
#include <utility>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

// All of them, so that a dashboard sees a phase end.
constexpr std::array<std::string_view, 6> kPhases = {"Idle",      "Progressing", "Paused",
                                                     "Succeeded", "RolledBack",  "Aborted"};

struct CanaryNumber {
  std::string_view name;
  std::string_view help;
  MetricType type;
  std::uint64_t CanaryMetrics::* value;
};

constexpr std::array kNumbers = {
    CanaryNumber{"sluice_canary_stage", "Stage of the canary, from 0.", MetricType::kGauge, &CanaryMetrics::stage},
    CanaryNumber{"sluice_canary_weight", "Percent of the challenger.", MetricType::kGauge, &CanaryMetrics::weight},
    CanaryNumber{"sluice_canary_rollbacks_total", "Times that the challenger was taken back.", MetricType::kCounter,
                 &CanaryMetrics::rollbacks},
    CanaryNumber{"sluice_canary_promotions_total", "Times that the challenger has got everything.",
                 MetricType::kCounter, &CanaryMetrics::promotions},
};

}  // namespace

void AppendCanaryFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  if (source.canaries == nullptr) return;
  const std::vector<CanaryMetrics> canaries = source.canaries(source.self);
  MetricFamily phases{"sluice_canary_phase", "1 for the phase that the canary is in.", MetricType::kGauge, {}};
  for (const CanaryMetrics& canary : canaries) {
    for (const std::string_view phase : kPhases) {
      phases.samples.push_back(
          {{{"namespace", canary.name_space}, {"canary", canary.name}, {"phase", std::string(phase)}},
           canary.phase == phase ? 1.0 : 0.0,
           {}});
    }
  }
  families.push_back(std::move(phases));
  for (const CanaryNumber& number : kNumbers) {
    MetricFamily family{std::string(number.name), std::string(number.help), number.type, {}};
    for (const CanaryMetrics& canary : canaries) {
      family.samples.push_back(
          {{{"namespace", canary.name_space}, {"canary", canary.name}}, static_cast<double>(canary.*number.value), {}});
    }
    families.push_back(std::move(family));
  }
}

}  // namespace sluice::gateway

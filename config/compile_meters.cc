// What is measured by name: both versions on the route of each canary, every arm of each experiment. The routes and
// experiments are compiled already.
#include "config/compile.h"

#include "config/canary_route.h"
#include "config/format.h"

#include <utility>
#include <variant>

namespace sluice::config {
namespace {

core::MeterId AddMeter(core::Snapshot& snapshot, std::string name) {
  const core::MeterId id{static_cast<std::uint32_t>(snapshot.meters.size())};
  snapshot.meters.push_back({std::move(name), nullptr});
  return id;
}

// One rule can have become several routes.
void MeasureRoute(const CanaryDocument& canary, const CanaryRoute& rule, core::MeterId champion,
                  core::MeterId challenger, core::Snapshot& snapshot) {
  for (core::Route& route : snapshot.routes) {
    auto* forward = std::get_if<core::Forward>(&route.action);
    if (forward == nullptr || route.rule_index != rule.index || route.virtual_service != rule.service->meta.Id()) {
      continue;
    }
    for (core::WeightedDestination& destination : forward->destinations) {
      if (destination.subset == canary.champion) destination.meter = champion;
      if (destination.subset == canary.challenger) destination.meter = challenger;
    }
  }
}

}  // namespace

std::string ChampionMeter(const Metadata& canary) { return Format("canary/{}/champion", canary.Id()); }
std::string ChallengerMeter(const Metadata& canary) { return Format("canary/{}/challenger", canary.Id()); }

void CompileMeters(const Documents& documents, core::Snapshot& snapshot) {
  for (const CanaryDocument& canary : documents.canaries) {
    const core::MeterId champion = AddMeter(snapshot, ChampionMeter(canary.meta));
    const core::MeterId challenger = AddMeter(snapshot, ChallengerMeter(canary.meta));
    const auto rule = FindCanaryRoute(documents, canary);
    if (rule.has_value()) MeasureRoute(canary, *rule, champion, challenger, snapshot);
  }
  for (std::size_t i = 0; i < snapshot.experiments.size(); ++i) {
    core::Experiment& experiment = snapshot.experiments[i];
    if (experiment.id.value != i) {  // a definition once more, for a Gateway: it is measured with its original
      experiment.arms = snapshot.experiments[experiment.id.value].arms;
      continue;
    }
    for (core::ExperimentArm& arm : experiment.arms) {
      arm.meter =
          AddMeter(snapshot, Format("experiment/{}/{}/arm/{}", experiment.name_space, experiment.name, arm.name));
    }
  }
}

}  // namespace sluice::config

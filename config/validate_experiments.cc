// Experiments: arms that lead nowhere, rules that do not exist, experiments of one layer (design.md section 2).
#include "config/validate.h"

#include "core/experiment/assignment.h"

#include "config/format.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace sluice::config {
namespace {

void CheckArms(const Documents& documents, const ExperimentSpec& spec, const ServiceCatalog& catalog,
               Findings& findings) {
  const Severity severity = documents.service_entries.empty() ? Severity::kWarning : Severity::kError;
  const Service* service = catalog.Find(spec.host.fqdn);
  if (service == nullptr) {
    findings.Add({severity,
                  "IST0101",
                  Format("the service {} is not known", spec.host.fqdn),
                  "add a ServiceEntry for it",
                  {spec.meta.file, spec.host.mark}});
    return;
  }
  for (std::size_t i = 0; i < spec.experiment.arms.size(); ++i) {
    const core::ExperimentArm& arm = spec.experiment.arms[i];
    if (service->rule != nullptr && service->rule->FindSubset(arm.subset) != nullptr) continue;
    findings.Add({severity,
                  "IST0101",
                  Format("the service {} has no subset {}", spec.host.fqdn, arm.subset),
                  "define it in a DestinationRule of this host",
                  {spec.meta.file, spec.arm_marks[i]}});
  }
}

void CheckRoutes(const ExperimentSpec& spec, const std::set<std::string>& names, Findings& findings) {
  for (std::size_t i = 0; i < spec.experiment.routes.size() && i < spec.route_marks.size(); ++i) {
    if (names.contains(spec.experiment.routes[i])) continue;
    findings.Warn("SL2018", {spec.meta.file, spec.route_marks[i]},
                  Format("no rule is named {}", spec.experiment.routes[i]), "give http[].name to the rule you mean");
  }
}

// The experiments of one layer, by their buckets of it.
using LayerMembers = std::vector<const ExperimentSpec*>;

std::string RangeText(std::uint32_t first, std::uint32_t last) {
  return first == last ? std::to_string(first) : Format("{}-{}", first, last);
}

// "7000-9999", "20-29, 40-99"; empty when nothing of the layer is left. Members are sorted.
std::string FreeRanges(const LayerMembers& members) {
  std::string text;
  std::uint32_t next = 0;
  const auto add = [&](std::uint32_t end) {
    if (next < end) text += (text.empty() ? "" : ", ") + RangeText(next, end - 1);
  };
  for (const ExperimentSpec* member : members) {
    add(member->experiment.layer->first);
    next = std::max(next, member->experiment.layer->last + 1);
  }
  add(core::kLayerBuckets);
  return text;
}

std::string FreeCure(const LayerMembers& members) {
  const std::string free = FreeRanges(members);
  return free.empty() ? "shrink the layerBuckets of another experiment: nothing of the layer is free"
                      : Format("give it layerBuckets that are free: {}", free);
}

bool SameUnit(const core::Experiment& one, const core::Experiment& other) {
  return one.unit == other.unit && one.unit_name == other.unit_name;
}

// Users are kept apart by the number that their unit has in the layer: ranges must not meet, and who is one user here
// and another one there may be in both.
void CheckLayer(const std::string& name, LayerMembers members, Findings& findings) {
  const ExperimentSpec& first = *members.front();
  for (const ExperimentSpec* member : members) {
    if (SameUnit(first.experiment, member->experiment)) continue;
    findings.Error("SL1103", {member->meta.file, member->unit_mark},
                   Format("{} and {} of the layer {} have different units, so that a user could be in both",
                          first.meta.Id(), member->meta.Id(), name),
                   "give both the same unit, or another layer to one of them");
  }
  std::ranges::stable_sort(members, {}, [](const ExperimentSpec* member) { return member->experiment.layer->first; });
  const ExperimentSpec* widest = nullptr;
  for (const ExperimentSpec* member : members) {
    const core::ExperimentLayer& layer = *member->experiment.layer;
    if (widest != nullptr && layer.first <= widest->experiment.layer->last) {
      const core::ExperimentLayer& other = *widest->experiment.layer;
      findings.Error(
          "SL1103", {member->meta.file, member->layer_mark},
          Format("{} has {} of the layer {}, of which {} has {}", member->meta.Id(), RangeText(layer.first, layer.last),
                 name, widest->meta.Id(), RangeText(other.first, other.last)),
          FreeCure(members));
    }
    if (widest == nullptr || layer.last > widest->experiment.layer->last) widest = member;
  }
}

}  // namespace

void ValidateExperiments(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  std::set<std::string> names;
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) names.insert(rule.name);
  }
  std::map<std::string, LayerMembers> layers;
  std::map<std::string, std::size_t> per_host;
  for (const ExperimentSpec& spec : documents.experiments) {
    CheckArms(documents, spec, catalog, findings);
    CheckRoutes(spec, names, findings);
    if (++per_host[spec.host.fqdn] > core::kExperimentsPerHostMax) {
      findings.Error("SL1103", {spec.meta.file, spec.host.mark},
                     Format("{} has more than {} experiments", spec.host.fqdn, core::kExperimentsPerHostMax),
                     "end one of them");
    }
    if (spec.experiment.layer.has_value()) layers[spec.experiment.layer->name].push_back(&spec);
  }
  for (const auto& [name, members] : layers) CheckLayer(name, members, findings);
}

}  // namespace sluice::config

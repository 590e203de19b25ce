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

}  // namespace

void ValidateExperiments(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  std::set<std::string> names;
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) names.insert(rule.name);
  }
  std::map<std::string, const ExperimentSpec*> layers;
  std::map<std::string, std::size_t> per_host;
  for (const ExperimentSpec& spec : documents.experiments) {
    CheckArms(documents, spec, catalog, findings);
    CheckRoutes(spec, names, findings);
    if (++per_host[spec.host.fqdn] > core::kExperimentsPerHostMax) {
      findings.Error("SL1103", {spec.meta.file, spec.host.mark},
                     Format("{} has more than {} experiments", spec.host.fqdn, core::kExperimentsPerHostMax),
                     "end one of them");
    }
    if (spec.layer.empty()) continue;
    const auto [at, added] = layers.try_emplace(spec.layer, &spec);
    if (added) continue;
    findings.Error("SL1103", {spec.meta.file, spec.layer_mark},
                   Format("the layer {} already holds the experiment {}, and this build cannot keep two apart",
                          spec.layer, at->second->meta.Id()),
                   "give both one salt and disjoint buckets, without a layer");
  }
}

}  // namespace sluice::config

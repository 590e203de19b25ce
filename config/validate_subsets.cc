// Subsets that get no requests: no rule, mirror, experiment or canary leads to them, or a weight of 0 leaves them out
// (istio-reference.md section 6.2, "our additions").
#include "config/validate.h"

#include "config/canary_route.h"
#include "config/format.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

using SubsetKey = std::pair<std::string, std::string>;  // host and subset

struct Use {
  std::set<SubsetKey> used;          // an empty subset: the service as a whole
  std::set<std::string> hosts;       // that some rule leads to
  std::map<SubsetKey, Place> empty;  // the first weight of 0
};

void AddRule(const VirtualService& service, const HttpRule& rule, Use& use) {
  if (const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule.action)) {
    for (const RouteDestination& destination : *destinations) {
      const SubsetKey key{destination.to.host.fqdn, destination.to.subset};
      use.hosts.insert(key.first);
      if (destinations->size() > 1 && destination.weight == 0) {
        use.empty.try_emplace(key, Place{service.meta.file, destination.to.subset_mark});
      } else {
        use.used.insert(key);
      }
    }
  }
  for (const MirrorTarget& mirror : rule.mirrors) {
    if (mirror.per_million != 0) use.used.emplace(mirror.to.host.fqdn, mirror.to.subset);
  }
}

Use UseOf(const Documents& documents) {
  Use use;
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) AddRule(service, rule, use);
  }
  for (const ExperimentSpec& spec : documents.experiments) {
    for (const core::ExperimentArm& arm : spec.experiment.arms) use.used.emplace(spec.host.fqdn, arm.subset);
  }
  // A version of a canary waits at weight 0, before as after.
  for (const CanaryDocument& canary : documents.canaries) {
    const auto route = FindCanaryRoute(documents, canary);
    if (!route.has_value()) continue;
    for (const std::string& subset : {canary.champion, canary.challenger}) {
      const RouteDestination* destination = route->FindDestination(subset);
      if (destination != nullptr) use.used.emplace(destination->to.host.fqdn, subset);
    }
  }
  return use;
}

}  // namespace

void ValidateSubsets(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  if (findings.has_errors()) return;  // a name that is wrong elsewhere makes others look unused
  const Use use = UseOf(documents);
  for (const Service& service : catalog.services()) {
    // Where no rule speaks of the service, or one of it as a whole, every endpoint gets requests.
    if (service.rule == nullptr || !use.hosts.contains(service.host)) continue;
    if (use.used.contains({service.host, ""})) continue;
    for (const Subset* subset : service.rule->subsets) {
      const SubsetKey key{service.host, subset->name};
      if (use.used.contains(key)) continue;
      if (const auto at = use.empty.find(key); at != use.empty.end()) {
        findings.Info("SL2046", at->second,
                      Format("weight 0 leaves subset {} of {} without requests: nothing else leads to it", subset->name,
                             service.host),
                      "give it a weight, or remove it here and in the DestinationRule");
      } else {
        findings.Info("SL2046", {service.rule->first->meta.file, subset->mark},
                      Format("no rule, mirror or experiment leads to subset {} of {}", subset->name, service.host),
                      "route to it, or remove it");
      }
    }
  }
}

}  // namespace sluice::config

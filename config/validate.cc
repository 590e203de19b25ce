#include "config/validate.h"

#include "config/gateway_plan.h"

#include <set>
#include <utility>

namespace sluice::config {
namespace {

// The hosts of every place, each with the same rules once.
HostPlan PlanEverywhere(const Documents& documents, const ServiceCatalog& catalog) {
  HostPlan plan = PlanHosts(documents, catalog);
  std::set<std::pair<std::string, std::vector<const VirtualService*>>> seen;
  for (const PlannedHost& host : plan.hosts) seen.emplace(host.fqdn, host.services);
  for (const PlannedPort& port : PlanPorts(documents)) {
    for (const PlannedServer& server : port.servers) {
      HostPlan own = PlanHosts(documents, catalog, {server.gateway->meta.Id(), server.server});
      for (PlannedHost& host : own.hosts) {
        if (seen.emplace(host.fqdn, host.services).second) plan.hosts.push_back(std::move(host));
      }
    }
  }
  return plan;
}

}  // namespace

void Validate(const Documents& documents, Findings& findings) {
  const ServiceCatalog catalog(documents);
  const HostPlan plan = PlanEverywhere(documents, catalog);
  ValidateReferences(documents, catalog, findings);
  ValidateHosts(documents, plan, findings);
  ValidateRules(documents, plan, findings);
  ValidateTraffic(documents, catalog, findings);
  ValidatePolicies(documents, catalog, findings);
  ValidateListeners(documents, findings);
  ValidateAuthorization(documents, findings);
  ValidateExperiments(documents, catalog, findings);
  ValidateCanaries(documents, catalog, findings);
  ValidateSubsets(documents, catalog, findings);  // last: silent where a name is wrong
}

}  // namespace sluice::config

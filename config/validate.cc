#include "config/validate.h"

namespace sluice::config {

void Validate(const Documents& documents, Findings& findings) {
  const ServiceCatalog catalog(documents);
  const HostPlan plan = PlanHosts(documents, catalog);
  ValidateReferences(documents, catalog, findings);
  ValidateHosts(documents, plan, findings);
  ValidateRules(documents, plan, findings);
  ValidateTraffic(documents, catalog, findings);
  ValidatePolicies(documents, catalog, findings);
  ValidateExperiments(documents, catalog, findings);
}

}  // namespace sluice::config

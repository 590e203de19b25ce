// What only shows when all documents are seen together: references, hosts with several owners, rules that are never
// reached, budgets that do not add up (istio-reference.md section 6). Reads const documents, writes findings.
#pragma once

#include "config/diagnostics.h"
#include "config/document.h"
#include "config/host_plan.h"
#include "config/service_catalog.h"

#include <string_view>

namespace sluice::config {

void Validate(const Documents& documents, Findings& findings);

// Its parts, one file each.
void ValidateReferences(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);
void ValidateRules(const Documents& documents, const HostPlan& plan, Findings& findings);  // order and reachability
void ValidateTraffic(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);  // time, retries
void ValidatePolicies(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);
void ValidateHosts(const Documents& documents, const HostPlan& plan, Findings& findings);
// Files come out of a directory that only GatewaySettings can name: an error when `what` needs it and it is not named.
void NeedCertificateDirectory(const Documents& documents, Place place, std::string_view what, Findings& findings);
void ValidateListeners(const Documents& documents, Findings& findings);
void ValidateAuthorization(const Documents& documents, Findings& findings);
// Subsets that no rule, mirror, experiment or canary leads to.
void ValidateSubsets(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);
void ValidateExperiments(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);
void ValidateCanaries(const Documents& documents, const ServiceCatalog& catalog, Findings& findings);

}  // namespace sluice::config

// Documents -> snapshot, in two halves: services become clusters, then VirtualServices become routes that name them.
// The documents must have passed validation. One thread.
#pragma once

#include "core/snapshot/snapshot.h"

#include "config/document.h"
#include "config/loader.h"
#include "config/service_catalog.h"

namespace sluice::config {

// Appends one cluster per (service, port) and per (service, port, subset).
void CompileServices(const Documents& documents, const ServiceCatalog& catalog, const ResolvedHosts& resolved,
                     core::Snapshot& snapshot);

// Fills routes, experiments and the route tables, those of the Gateways' servers in the order of PlanPorts. The
// clusters are indexed already.
void CompileRoutes(const Documents& documents, const ServiceCatalog& catalog, core::Snapshot& snapshot);

// Fills the meters, and names them in the routes and arms that they measure.
void CompileMeters(const Documents& documents, core::Snapshot& snapshot);

// Fills the authorization policies that hold here.
void CompileAuthorization(const Documents& documents, core::Snapshot& snapshot);
// Whether a policy is of our namespace or the root namespace, and means this workload.
bool HoldsHere(const AuthorizationSpec& policy, const core::Settings::Identity& identity);

// Fills the listeners.
void CompileListeners(const Documents& documents, core::Snapshot& snapshot);

}  // namespace sluice::config

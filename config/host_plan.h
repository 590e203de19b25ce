// Which VirtualServices speak for which host, and the names under which each host is reached (istio-reference.md
// section 1.2, design.md section 3). Borrows from Documents. Used by the validator and by the compiler, so that both
// see the same world. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/service_catalog.h"

namespace sluice::config {

// Whether rules with these gateways hold here: no list, or one with `mesh`.
bool AppliesHere(const std::vector<HostRef>& gateways);

struct PlannedHost {
  std::string fqdn;                             // or a wildcard
  std::vector<std::string> names;               // unique over all hosts; the first is the FQDN
  std::vector<const VirtualService*> services;  // file and document order; empty: the implicit route of `service`
  const Service* service = nullptr;             // for the implicit route
};

// A bare name that two hosts of different namespaces claim.
struct NameConflict {
  std::string name;
  std::string winner;  // FQDN
  std::string loser;   // FQDN
  Place place;         // of the loser
};

struct HostPlan {
  std::vector<PlannedHost> hosts;
  std::vector<NameConflict> conflicts;
};

HostPlan PlanHosts(const Documents& documents, const ServiceCatalog& catalog);

// --- rules -----------------------------------------------------------------------------------------------------

// A path prefix `/` or the regex `.*`, and no other condition.
bool IsCatchAll(const MatchItem& item);

// Whether the conditions on this gateway itself (gateways, sourceLabels, sourceNamespace) hold.
bool ItemApplies(const MatchItem& item, const core::Settings::Identity& identity);

// Index of the first rule that matches everything; rules behind it do not exist. http.size() when there is none.
std::size_t FirstCatchAll(const VirtualService& service, const core::Settings::Identity& identity);

}  // namespace sluice::config

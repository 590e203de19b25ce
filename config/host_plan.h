// Which VirtualServices speak for which host, and the names under which each host is reached (istio-reference.md
// section 1.2, design.md section 3). Borrows from Documents. Used by the validator and by the compiler, so that both
// see the same world. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/service_catalog.h"

namespace sluice::config {

// Where rules may hold: on the process's own port, or on one server of a Gateway.
struct RulePlace {
  std::string gateway;                        // "namespace/name"; empty: the own port
  const GatewayServerSpec* server = nullptr;  // whose hosts narrow those of the rules; null: the own port
};

// Whether rules with these gateways hold there: no list, or one with `mesh`, or one that names the place's Gateway.
bool AppliesTo(const std::vector<HostRef>& gateways, const RulePlace& place);

// The part of a rule's host that a server serves, for rules of `name_space`; empty: none of it.
std::vector<std::string> ServedHosts(const HostRef& host, const std::string& name_space,
                                     const GatewayServerSpec& server);

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

HostPlan PlanHosts(const Documents& documents, const ServiceCatalog& catalog, const RulePlace& place = {});

// --- rules -----------------------------------------------------------------------------------------------------

// A path prefix `/` or the regex `.*`, and no other condition.
bool IsCatchAll(const MatchItem& item);

// Whether the conditions on this gateway itself (gateways, sourceLabels, sourceNamespace) hold. `gateway` is that of a
// RulePlace.
bool ItemApplies(const MatchItem& item, const core::Settings::Identity& identity, std::string_view gateway = {});

// Index of the first rule that matches everything; rules behind it do not exist. http.size() when there is none.
std::size_t FirstCatchAll(const VirtualService& service, const core::Settings::Identity& identity,
                          std::string_view gateway = {});

}  // namespace sluice::config

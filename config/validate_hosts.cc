// Hosts with several owners, names that two services claim, ServiceEntries that disagree (IST0109, IST0140,
// IST0177, SL2014).
#include "config/validate.h"

#include "config/format.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

Mark MarkOfHost(const VirtualService& service, const std::string& fqdn) {
  const auto host = std::ranges::find(service.hosts, fqdn, &HostRef::fqdn);
  return host == service.hosts.end() ? service.meta.mark : host->mark;
}

void CheckOwners(const PlannedHost& host, Findings& findings) {
  for (std::size_t i = 1; i < host.services.size(); ++i) {
    const VirtualService& first = *host.services.front();
    const VirtualService& other = *host.services[i];
    findings.Warn("IST0109", {other.meta.file, MarkOfHost(other, host.fqdn)},
                  Format("the host {} has another VirtualService, {}: their rules are joined in file order, those that "
                         "match everything last",
                         host.fqdn, first.meta.Id()),
                  "write one VirtualService per host");
  }
}

// A mesh refuses `*`; here this process is the gateway that the rule speaks of.
void CheckStar(const VirtualService& service, Findings& findings) {
  for (const HostRef& host : service.hosts) {
    if (host.fqdn != "*" || !AppliesTo(service.gateways, {})) continue;
    findings.Info("IST0133", {service.meta.file, host.mark},
                  "the host `*` holds for every request; Istio accepts it only with a gateway");
  }
}

bool SplitsBySubset(const VirtualService& service) {
  return std::ranges::any_of(service.http, [](const HttpRule& rule) {
    const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule.action);
    return destinations != nullptr && std::ranges::any_of(*destinations, [](const RouteDestination& destination) {
             return !destination.to.subset.empty();
           });
  });
}

// Rules are looked up once, by the host of the request: those of the host that a Gateway's rule leads to are not asked.
void CheckIngress(const Documents& documents, Findings& findings) {
  std::map<std::string, const VirtualService*> splits;  // of the mesh, by host
  for (const VirtualService& service : documents.virtual_services) {
    if (!AppliesTo(service.gateways, {}) || !SplitsBySubset(service)) continue;
    for (const HostRef& host : service.hosts) splits.try_emplace(host.fqdn, &service);
  }
  for (const VirtualService& service : documents.virtual_services) {
    if (AppliesTo(service.gateways, {})) continue;
    for (const HttpRule& rule : service.http) {
      const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule.action);
      if (destinations == nullptr) continue;
      for (const RouteDestination& destination : *destinations) {
        const auto at = splits.find(destination.to.host.fqdn);
        if (at == splits.end() || !destination.to.subset.empty()) continue;
        findings.Warn("IST0140", {service.meta.file, destination.to.host.mark},
                      Format("the rules of {} choose subsets of {}, and do not hold for requests that come this way",
                             at->second->meta.Id(), destination.to.host.fqdn),
                      "name the subset here, or give those rules this gateway and its host");
      }
    }
  }
}

void CheckProtocols(const Documents& documents, Findings& findings) {
  std::map<std::pair<std::string, std::uint16_t>, const ServicePort*> seen;
  for (const ServiceEntry& entry : documents.service_entries) {
    for (const HostRef& host : entry.hosts) {
      for (const ServicePort& port : entry.ports) {
        const auto [at, added] = seen.try_emplace({host.fqdn, port.number}, &port);
        if (added || at->second->protocol == port.protocol) continue;
        findings.Warn("IST0177", {entry.meta.file, port.mark},
                      Format("port {} of {} has another protocol in an earlier ServiceEntry, which is kept",
                             port.number, host.fqdn),
                      "give it one protocol");
      }
    }
  }
}

}  // namespace

void ValidateHosts(const Documents& documents, const HostPlan& plan, Findings& findings) {
  for (const PlannedHost& host : plan.hosts) CheckOwners(host, findings);
  for (const VirtualService& service : documents.virtual_services) CheckStar(service, findings);
  CheckProtocols(documents, findings);
  CheckIngress(documents, findings);
  for (const NameConflict& conflict : plan.conflicts) {
    findings.Warn("SL2014", conflict.place,
                  Format("the short name {} leads to {}, not to {}", conflict.name, conflict.winner, conflict.loser),
                  "call the other by its name with namespace");
  }
}

}  // namespace sluice::config

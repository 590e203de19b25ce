#include "config/host_plan.h"

#include "config/hostname.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

Place PlaceOf(const PlannedHost& host) {
  const Metadata& meta = host.services.empty() ? host.service->first->meta : host.services.front()->meta;
  return {meta.file, meta.mark};
}

class Planner {
 public:
  Planner(std::string own_namespace, const RulePlace& place)
      : own_namespace_(std::move(own_namespace)), place_(place) {}

  void AddVirtualService(const VirtualService& service) {
    if (!AppliesTo(service.gateways, place_)) return;
    for (const HostRef& host : service.hosts) {
      if (place_.server == nullptr) {
        At(host.fqdn).services.push_back(&service);
        continue;
      }
      for (const std::string& served : ServedHosts(host, service.meta.name_space, *place_.server)) {
        At(served).services.push_back(&service);
      }
    }
  }

  // A host that a VirtualService covers, by a wildcard too, has that one's rules and no implicit route.
  void AddService(const Service& service) {
    if (by_fqdn_.contains(service.host) || Covered(service.host)) return;
    At(service.host).service = &service;
  }

  HostPlan Finish() {
    // Names that are certain come before aliases, so that an alias never takes what somebody wrote out.
    for (PlannedHost& host : plan_.hosts) Take(host, host.fqdn);
    for (PlannedHost& host : plan_.hosts) {
      for (const std::string& name : ServiceNames(host.fqdn)) Take(host, name);
    }
    // Of two services with one bare name the one in this gateway's namespace answers to it, else the first.
    TakeBareNames(true);
    TakeBareNames(false);
    return std::move(plan_);
  }

 private:
  PlannedHost& At(const std::string& fqdn) {
    const auto [at, added] = by_fqdn_.try_emplace(fqdn, plan_.hosts.size());
    if (added) {
      plan_.hosts.push_back({fqdn, {}, {}, nullptr});
      if (fqdn.starts_with('*')) wildcards_.push_back(fqdn);
    }
    return plan_.hosts[at->second];
  }

  bool Covered(const std::string& fqdn) const {
    return std::ranges::any_of(wildcards_, [&](const std::string& wildcard) { return HostCovers(wildcard, fqdn); });
  }

  bool Take(PlannedHost& host, const std::string& name) {
    const auto [at, added] = owners_.try_emplace(name, host.fqdn);
    if (added) host.names.push_back(name);
    return at->second == host.fqdn;
  }

  void TakeBareNames(bool own) {
    for (PlannedHost& host : plan_.hosts) {
      const std::string name_space = NamespaceOf(host.fqdn);
      if (name_space.empty() || (name_space == own_namespace_) != own) continue;
      const std::string name = ShortName(host.fqdn);
      if (!Take(host, name)) {
        plan_.conflicts.push_back({name, owners_.find(name)->second, host.fqdn, PlaceOf(host)});
      }
    }
  }

  std::string own_namespace_;
  const RulePlace& place_;
  HostPlan plan_;
  std::map<std::string, std::size_t, std::less<>> by_fqdn_;
  std::map<std::string, std::string, std::less<>> owners_;  // name -> FQDN
  std::vector<std::string> wildcards_;                      // of VirtualServices: services come later
};

}  // namespace

bool AppliesTo(const std::vector<HostRef>& gateways, const RulePlace& place) {
  return gateways.empty() || std::ranges::any_of(gateways, [&](const HostRef& gateway) {
           return gateway.fqdn == "mesh" || (!place.gateway.empty() && gateway.fqdn == place.gateway);
         });
}

std::vector<std::string> ServedHosts(const HostRef& host, const std::string& name_space,
                                     const GatewayServerSpec& server) {
  std::vector<std::string> served;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(served, name) == served.end()) served.push_back(name);
  };
  for (const GatewayHost& own : server.hosts) {
    if (!own.name_space.empty() && own.name_space != name_space) continue;
    const std::vector<std::string> names = ServiceNames(host.fqdn);
    const bool by_name = own.host == ShortName(host.fqdn) && !NamespaceOf(host.fqdn).empty();
    const bool covered =
        by_name || std::ranges::any_of(names, [&](const std::string& name) { return HostCovers(own.host, name); });
    if (covered) {
      add(host.fqdn);
    } else if (HostCovers(host.fqdn, own.host)) {
      add(own.host);
    }
  }
  return served;
}

HostPlan PlanHosts(const Documents& documents, const ServiceCatalog& catalog, const RulePlace& place) {
  Planner planner(documents.settings.identity.name_space, place);
  for (const VirtualService& service : documents.virtual_services) planner.AddVirtualService(service);
  for (const Service& service : catalog.services()) planner.AddService(service);
  return planner.Finish();
}

bool IsCatchAll(const MatchItem& item) {
  const core::RouteMatch& match = item.match;
  if (match.scheme.has_value() || match.method.has_value() || match.authority.has_value() || match.port.has_value() ||
      !match.headers.empty() || !match.without_headers.empty() || !match.query.empty()) {
    return false;
  }
  if (!match.uri.has_value()) return true;
  const core::StringMatch& uri = *match.uri;
  if (uri.kind() == core::StringMatch::Kind::kPrefix) return uri.text() == "/" || uri.text().empty();
  return uri.kind() == core::StringMatch::Kind::kRegex && uri.text() == ".*";
}

bool ItemApplies(const MatchItem& item, const core::Settings::Identity& identity, std::string_view gateway) {
  if (!item.gateways.empty()) {
    // A list of gateways replaces the conditions on the source (section 1.3a).
    return std::ranges::any_of(item.gateways, [&](const std::string& name) {
      return name == "mesh" || (!gateway.empty() && name == gateway);
    });
  }
  if (!item.source_namespace.empty() && item.source_namespace != identity.name_space) return false;
  return HasLabels(identity.labels, item.source_labels);
}

std::size_t FirstCatchAll(const VirtualService& service, const core::Settings::Identity& identity,
                          std::string_view gateway) {
  const auto catches_all = [&](const HttpRule& rule) {
    return rule.matches.empty() || std::ranges::any_of(rule.matches, [&](const MatchItem& item) {
             return ItemApplies(item, identity, gateway) && IsCatchAll(item);
           });
  };
  const auto found = std::ranges::find_if(service.http, catches_all);
  return static_cast<std::size_t>(found - service.http.begin());
}

}  // namespace sluice::config

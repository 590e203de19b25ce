// Names that must lead somewhere: destinations, mirrors, subsets, ports, gateways, hosts of DestinationRules
// (istio-reference.md section 6.1: IST0101, IST0112, IST0174).
#include "config/validate.h"

#include "config/fields.h"
#include "config/format.h"
#include "config/gateway_plan.h"
#include "config/hostname.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

constexpr std::size_t kNamesToCompareMax = 1000;  // with each wrong name

class ReferenceCheck {
 public:
  ReferenceCheck(const Documents& documents, const ServiceCatalog& catalog, Findings& findings)
      : documents_(documents), catalog_(catalog), findings_(findings) {
    for (const Gateway& gateway : documents.gateways) gateways_.insert(gateway.meta.Id());
  }

  void CheckVirtualService(const VirtualService& service) {
    CheckGateways(service);
    for (const HttpRule& rule : service.http) {
      for (const MatchItem& item : rule.matches) CheckItem(service.meta, item);
      if (const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule.action)) {
        for (const RouteDestination& destination : *destinations) CheckDestination(service.meta, destination.to);
      }
      for (const MirrorTarget& mirror : rule.mirrors) CheckDestination(service.meta, mirror.to);
    }
  }

  void CheckExperiment(const ExperimentSpec& spec) {
    for (const MatchItem& item : spec.matches) CheckItem(spec.meta, item);
  }

  void CheckDestinationRule(const DestinationRule& rule) {
    const auto covered = [&](const Service& service) { return HostCovers(rule.host.fqdn, service.host); };
    const bool wildcard = rule.host.fqdn.starts_with('*');
    if (wildcard ? std::ranges::any_of(catalog_.services(), covered) : catalog_.Find(rule.host.fqdn) != nullptr) return;
    findings_.Warn("IST0174", {rule.meta.file, rule.host.mark},
                   Format("the host {} of this DestinationRule is no known service", rule.host.fqdn),
                   CureForHost(rule.host));
  }

 private:
  // Without a single ServiceEntry nothing is said about which services exist, so nothing can be wrong yet.
  void Missing(Place place, std::string message, std::string cure) {
    if (documents_.service_entries.empty()) {
      findings_.Warn("IST0101", std::move(place), message + "; requests are answered 503 NC until it is",
                     std::move(cure));
    } else {
      findings_.Error("IST0101", std::move(place), std::move(message), std::move(cure));
    }
  }

  std::string CureForHost(const HostRef& host) const {
    const std::string expanded = Format("{}.{}", host.fqdn, kClusterDomain);
    if (catalog_.Find(expanded) != nullptr) return Format("a name with a dot is not expanded: write {}", expanded);
    if (catalog_.services().size() <= kNamesToCompareMax) {
      std::vector<std::string_view> names;
      for (const Service& service : catalog_.services()) names.push_back(service.host);
      if (const auto nearest = Nearest(host.fqdn, names)) return Format("did you mean {}?", *nearest);
    }
    return "add a ServiceEntry for it";
  }

  void CheckDestination(const Metadata& meta, const DestinationRef& to) {
    const Service* service = catalog_.Find(to.host.fqdn);
    if (service == nullptr) {
      return Missing({meta.file, to.host.mark}, Format("the service {} is not known", to.host.fqdn),
                     CureForHost(to.host));
    }
    CheckPort(meta, to, *service);
    if (to.subset.empty()) return;
    if (service->rule != nullptr && service->rule->FindSubset(to.subset) != nullptr) return;
    std::vector<std::string_view> names;
    if (service->rule != nullptr) {
      for (const Subset* subset : service->rule->subsets) names.push_back(subset->name);
    }
    const auto nearest = Nearest(to.subset, names);
    Missing({meta.file, to.subset_mark}, Format("the service {} has no subset {}", to.host.fqdn, to.subset),
            nearest.has_value() ? Format("did you mean {}?", *nearest) : "define it in a DestinationRule of this host");
  }

  void CheckPort(const Metadata& meta, const DestinationRef& to, const Service& service) {
    if (to.port.has_value() && service.FindPort(*to.port) == nullptr) {
      return Missing({meta.file, to.port_mark}, Format("the service {} has no HTTP port {}", service.host, *to.port),
                     service.ports.empty() ? "" : Format("it has {}", service.ports.front()->number));
    }
    if (!to.port.has_value() && service.ports.size() > 1) {
      findings_.Error(
          "IST0112", {meta.file, to.host.mark},
          Format("the service {} has {} ports and this destination names none", service.host, service.ports.size()),
          Format("write port: {number: {}}", service.ports.front()->number));
    }
  }

  bool KnownGateway(std::string_view id) const { return id == "mesh" || gateways_.contains(id); }

  std::string CureForGateway(std::string_view id) const {
    const auto nearest = Nearest(id, std::vector<std::string_view>(gateways_.begin(), gateways_.end()));
    return nearest.has_value() ? Format("did you mean {}?", *nearest)
                               : "add the Gateway, or `mesh` to hold on every port";
  }

  // One name that leads somewhere makes the rules hold; none makes them useless.
  void CheckGateways(const VirtualService& service) {
    const auto known = [&](const HostRef& gateway) { return KnownGateway(gateway.fqdn); };
    const bool applies = std::ranges::any_of(service.gateways, known);
    for (const HostRef& gateway : service.gateways) {
      if (known(gateway)) continue;
      const Place place{service.meta.file, gateway.mark};
      const std::string message = Format("the gateway {} is not known", gateway.fqdn);
      if (applies) {
        findings_.Warn("IST0101", place, message, CureForGateway(gateway.fqdn));
      } else {
        findings_.Error("IST0101", place, message + ", so these rules would never hold", CureForGateway(gateway.fqdn));
      }
    }
  }

  // A match that is meant for other proxies is legal; that it never holds here should be known.
  void CheckItem(const Metadata& meta, const MatchItem& item) {
    const Place place{meta.file, item.mark};
    const bool about_source = !item.source_labels.empty() || !item.source_namespace.empty();
    for (const std::string& gateway : item.gateways) {
      if (KnownGateway(gateway)) continue;
      findings_.Warn("IST0101", place, Format("the gateway {} is not known", gateway), CureForGateway(gateway));
    }
    if (!item.gateways.empty() && about_source) {
      findings_.Info("SL2013", place, "sourceLabels and sourceNamespace are not consulted beside gateways");
    } else if (!ItemApplies(item, documents_.settings.identity) && about_source) {
      findings_.Info("SL2020", place, "this match never holds here: it is for proxies with other labels or namespace",
                     "both are compared with GatewaySettings.identity");
    }
  }

  const Documents& documents_;
  const ServiceCatalog& catalog_;
  Findings& findings_;
  std::set<std::string, std::less<>> gateways_;
};

}  // namespace

void ValidateReferences(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  ReferenceCheck check(documents, catalog, findings);
  for (const VirtualService& service : documents.virtual_services) check.CheckVirtualService(service);
  for (const DestinationRule& rule : documents.destination_rules) check.CheckDestinationRule(rule);
  for (const ExperimentSpec& spec : documents.experiments) check.CheckExperiment(spec);
}

}  // namespace sluice::config

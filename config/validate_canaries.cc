// Canaries: whether their route is there and leads to both versions; two on one route (design.md section 2).
//
// What a VirtualService says is never an error of a Canary: somebody who changes a route in need must not be stopped by
// the canary that runs on it. Such a canary pauses, or does not start, and says why.
#include "config/validate.h"

#include "config/canary_route.h"
#include "config/fields.h"
#include "config/format.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

class CanaryCheck {
 public:
  CanaryCheck(const Documents& documents, const ServiceCatalog& catalog, Findings& findings)
      : documents_(documents), catalog_(catalog), findings_(findings) {}

  void Check(const CanaryDocument& canary) {
    const VirtualService* service = FindVirtualService(documents_, canary.virtual_service.fqdn);
    if (service == nullptr) {
      return Cannot(canary, canary.virtual_service.mark,
                    Format("the VirtualService {} is not known", canary.virtual_service.fqdn), CureForService(canary));
    }
    const auto index = FindRule(*service, canary.route);
    if (!index.has_value()) {
      return findings_.Warn(
          "SL2018", {canary.meta.file, canary.route_mark},
          Format("{} has no rule {}, so this canary cannot run", service->meta.Id(), canary.route.substr(0, 80)),
          "give http[].name to the rule you mean, or write its index");
    }
    const CanaryRoute route{service, *index};
    if (!Claim(canary, route)) return;
    CheckVersions(canary, route);
  }

 private:
  void Cannot(const CanaryDocument& canary, Mark mark, const std::string& cause, std::string cure) {
    findings_.Warn("SL2060", {canary.meta.file, mark}, cause + ", so this canary cannot run", std::move(cure));
  }

  std::string CureForService(const CanaryDocument& canary) const {
    std::vector<std::string> ids;
    for (const VirtualService& service : documents_.virtual_services) ids.push_back(service.meta.Id());
    const auto nearest =
        ids.size() <= 1000 ? Nearest(canary.virtual_service.fqdn, std::vector<std::string_view>(ids.begin(), ids.end()))
                           : std::nullopt;
    return nearest.has_value() ? Format("did you mean {}?", *nearest) : "write NAME or NAMESPACE/NAME";
  }

  // Two would set the same weights in turn.
  bool Claim(const CanaryDocument& canary, const CanaryRoute& route) {
    const auto [at, added] = claimed_.try_emplace({route.service, route.index}, &canary);
    if (added) return true;
    findings_.Error("SL2061", {canary.meta.file, canary.route_mark},
                    Format("the Canary {} is about this route already", at->second->meta.Id()),
                    "keep one of them: two would set the same weights");
    return false;
  }

  void CheckVersions(const CanaryDocument& canary, const CanaryRoute& route) {
    const auto* destinations = std::get_if<std::vector<RouteDestination>>(&route.rule().action);
    if (destinations == nullptr) {
      return Cannot(canary, canary.route_mark, "the rule redirects or answers by itself", "name a rule with a route");
    }
    if (destinations->empty()) return;  // told where the rule is written
    const bool both = CheckVersion(canary, *destinations, canary.champion, canary.champion_mark) &&
                      CheckVersion(canary, *destinations, canary.challenger, canary.challenger_mark);
    if (!both) return;
    const HostRef& champion = route.FindDestination(canary.champion)->to.host;
    const HostRef& challenger = route.FindDestination(canary.challenger)->to.host;
    if (champion.fqdn == challenger.fqdn) return;
    Cannot(canary, canary.challenger_mark,
           Format("{} is a version of {} and {} one of {}", canary.champion, champion.fqdn, canary.challenger,
                  challenger.fqdn),
           "both must be subsets of one host");
  }

  // Whether the rule has exactly one destination of the subset.
  bool CheckVersion(const CanaryDocument& canary, const std::vector<RouteDestination>& destinations,
                    const std::string& subset, Mark mark) {
    if (subset.empty()) return false;  // told already
    const auto count = std::ranges::count_if(
        destinations, [&](const RouteDestination& destination) { return destination.to.subset == subset; });
    if (count == 1) return true;
    if (count > 1) {
      Cannot(canary, mark, Format("the rule has {} destinations of subset {}", count, subset),
             "leave one, with their weights together");
    } else if (CheckDefined(canary, destinations, subset, mark)) {
      Cannot(canary, mark, Format("the rule has no destination of subset {}", subset),
             Format("add it with weight: 0: a canary changes weights and nothing else"));
    }
    return false;
  }

  // Whether one of the rule's hosts has the subset: if not, the name itself is wrong.
  bool CheckDefined(const CanaryDocument& canary, const std::vector<RouteDestination>& destinations,
                    const std::string& subset, Mark mark) {
    std::vector<std::string_view> names;
    for (const RouteDestination& destination : destinations) {
      const Service* service = catalog_.Find(destination.to.host.fqdn);
      if (service == nullptr) return true;  // nothing is known of it; told where it is named
      if (service->rule == nullptr) continue;
      if (service->rule->FindSubset(subset) != nullptr) return true;
      for (const Subset* known : service->rule->subsets) names.push_back(known->name);
    }
    const auto nearest = Nearest(subset, names);
    findings_.Add(
        {documents_.service_entries.empty() ? Severity::kWarning : Severity::kError,
         "IST0101",
         Format("the service {} has no subset {}", destinations.front().to.host.fqdn, subset),
         nearest.has_value() ? Format("did you mean {}?", *nearest) : "define it in a DestinationRule of this host",
         {canary.meta.file, mark}});
    return false;
  }

  const Documents& documents_;
  const ServiceCatalog& catalog_;
  Findings& findings_;
  std::map<std::pair<const VirtualService*, std::size_t>, const CanaryDocument*> claimed_;
};

}  // namespace

void ValidateCanaries(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  CanaryCheck check(documents, catalog, findings);
  for (const CanaryDocument& canary : documents.canaries) check.Check(canary);
}

}  // namespace sluice::config

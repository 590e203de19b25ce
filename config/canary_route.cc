#include "config/canary_route.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "core/base/text.h"

namespace sluice::config {

const RouteDestination* CanaryRoute::FindDestination(std::string_view subset) const {
  const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule().action);
  if (destinations == nullptr) return nullptr;
  const auto found = std::ranges::find(
      *destinations, subset,
      [](const RouteDestination& destination) -> const std::string& { return destination.to.subset; });
  return found == destinations->end() ? nullptr : &*found;
}

const VirtualService* FindVirtualService(const Documents& documents, std::string_view id) {
  const auto found = std::ranges::find_if(documents.virtual_services,
                                          [&](const VirtualService& service) { return service.meta.Id() == id; });
  return found == documents.virtual_services.end() ? nullptr : &*found;
}

std::optional<std::size_t> FindRule(const VirtualService& service, std::string_view route) {
  const auto named = std::ranges::find(service.http, route, &HttpRule::name);
  if (named != service.http.end() && !route.empty()) {
    return static_cast<std::size_t>(named - service.http.begin());
  }
  const auto index = core::ParseDecimal(route);
  if (!index.has_value() || *index >= service.http.size()) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

std::optional<CanaryRoute> FindCanaryRoute(const Documents& documents, const CanaryDocument& canary) {
  const VirtualService* service = FindVirtualService(documents, canary.virtual_service.fqdn);
  if (service == nullptr) return std::nullopt;
  const auto index = FindRule(*service, canary.route);
  if (!index.has_value()) return std::nullopt;
  return CanaryRoute{service, *index};
}

}  // namespace sluice::config

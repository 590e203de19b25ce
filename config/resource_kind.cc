#include "config/resource_kind.h"

#include "core/base/text.h"

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

using Names = std::string_view;

constexpr std::array<Names, 3> kNetworking = {"v1", "v1beta1", "v1alpha3"};
constexpr std::array<Names, 2> kSecurity = {"v1", "v1beta1"};
constexpr std::array<Names, 1> kSluice = {"v1alpha1"};
constexpr std::array<Names, 1> kVs = {"vs"};
constexpr std::array<Names, 1> kDr = {"dr"};
constexpr std::array<Names, 1> kSe = {"se"};
constexpr std::array<Names, 1> kGw = {"gw"};
constexpr std::array<Names, 1> kPa = {"pa"};
constexpr std::array<Names, 1> kAp = {"ap"};

constexpr std::array kKinds = {
    ResourceKind{"VirtualService", "networking.istio.io", "virtualservices", "virtualservice", kVs, kNetworking},
    ResourceKind{"DestinationRule", "networking.istio.io", "destinationrules", "destinationrule", kDr, kNetworking},
    ResourceKind{"ServiceEntry", "networking.istio.io", "serviceentries", "serviceentry", kSe, kNetworking},
    ResourceKind{"Gateway", "networking.istio.io", "gateways", "gateway", kGw, kNetworking},
    ResourceKind{"PeerAuthentication", "security.istio.io", "peerauthentications", "peerauthentication", kPa,
                 kSecurity},
    ResourceKind{"AuthorizationPolicy", "security.istio.io", "authorizationpolicies", "authorizationpolicy", kAp,
                 kSecurity},
    ResourceKind{"Experiment", "sluice.dev", "experiments", "experiment", {}, kSluice},
    ResourceKind{"GatewaySettings", "sluice.dev", "gatewaysettings", "gatewaysettings", {}, kSluice},
    ResourceKind{"Canary", "sluice.dev", "canaries", "canary", {}, kSluice},
};

}  // namespace

std::span<const ResourceKind> ResourceKinds() { return kKinds; }

const ResourceKind* FindKind(std::string_view kind) {
  const auto found = std::ranges::find(kKinds, kind, &ResourceKind::kind);
  return found == kKinds.end() ? nullptr : &*found;
}

const ResourceKind* FindPlural(std::string_view group, std::string_view plural) {
  const auto same = [&](const ResourceKind& kind) { return kind.group == group && kind.plural == plural; };
  const auto found = std::ranges::find_if(kKinds, same);
  return found == kKinds.end() ? nullptr : &*found;
}

const ResourceKind* FindKindByAnyName(std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string_view group = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  const std::string_view own = name.substr(0, dot);
  const auto named = [&](const ResourceKind& kind) {
    if (!group.empty() && !core::EqualsIgnoreCase(group, kind.group)) return false;
    const auto is = [&](std::string_view other) { return core::EqualsIgnoreCase(own, other); };
    return is(kind.kind) || is(kind.plural) || is(kind.singular) || std::ranges::any_of(kind.short_names, is);
  };
  const auto found = std::ranges::find_if(kKinds, named);
  return found == kKinds.end() ? nullptr : &*found;
}

bool HasVersion(const ResourceKind& kind, std::string_view version) {
  return std::ranges::find(kind.versions, version) != kind.versions.end();
}

}  // namespace sluice::config

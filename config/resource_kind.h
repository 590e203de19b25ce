// The kinds that exist here, with the names that Kubernetes' API and kubectl know them by. Static; any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice::config {

struct ResourceKind {
  std::string_view kind;      // "VirtualService"
  std::string_view group;     // "networking.istio.io"
  std::string_view plural;    // "virtualservices"
  std::string_view singular;  // "virtualservice"
  std::span<const std::string_view> short_names;
  std::span<const std::string_view> versions;  // the preferred one first
};

// No resource: what `sluice test` and --gate read. Files of rules may hold such documents; loading passes over them.
inline constexpr std::string_view kRouteTestKind = "RouteTest";

std::span<const ResourceKind> ResourceKinds();

// Null when there is none.
const ResourceKind* FindKind(std::string_view kind);
const ResourceKind* FindPlural(std::string_view group, std::string_view plural);
// "vs", "virtualservice", "virtualservices", "VirtualService", "virtualservices.networking.istio.io"; any case.
const ResourceKind* FindKindByAnyName(std::string_view name);

bool HasVersion(const ResourceKind& kind, std::string_view version);

}  // namespace sluice::config

// The rule of a VirtualService that a Canary is about. One answer for the validator, the compiler and whoever changes its
// weights. Borrows from Documents. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "config/document.h"

namespace sluice::config {

struct CanaryRoute {
  const VirtualService* service = nullptr;
  std::size_t index = 0;  // of http[]

  const HttpRule& rule() const { return service->http[index]; }
  // The destination that the rule has for this subset; null: none, or the rule does not route.
  const RouteDestination* FindDestination(std::string_view subset) const;
};

const VirtualService* FindVirtualService(const Documents& documents, std::string_view id);
// A name of http[], the first of several; else its index in digits.
std::optional<std::size_t> FindRule(const VirtualService& service, std::string_view route);
// Nothing when the VirtualService or the rule is not there.
std::optional<CanaryRoute> FindCanaryRoute(const Documents& documents, const CanaryDocument& canary);

}  // namespace sluice::config

// The rule of a VirtualService that a canary works on, as it is in force: found, checked, and given other weights by the
// transaction. The control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/document.h"
#include "config/resource_json.h"
#include "core/base/result.h"
#include "gateway/canary/canary_row.h"
#include "gateway/canary/canary_world.h"
#include "gateway/store/route_weights.h"

namespace sluice::gateway {

struct LiveRule {
  config::Json body{};        // of the VirtualService
  std::uint64_t version = 0;  // of it
  std::size_t index = 0;      // into spec.http

  const config::Json& rule() const { return body.at("spec").at("http").at(index); }
};

CanaryTarget TargetOf(const config::CanaryDocument& document);

// An error when there is no such VirtualService or rule.
core::Result<LiveRule> FindLiveRule(const CanaryWorld& world, const CanaryTarget& target);

// Whether a canary can start on it: both versions are subsets of one host that the rule leads to, and have endpoints.
core::Status CheckStart(const CanaryWorld& world, const config::CanaryDocument& document, const LiveRule& now);

// Gives the rule other weights and touches nothing else; the object must still have the version it has in `now`. The rule
// as it is then, with the revision as its version. An error says what became of the change.
core::Result<LiveRule> SubmitWeights(const CanaryWorld& world, const CanaryTarget& target, LiveRule now,
                                     const RouteWeights& weights, const std::string& author,
                                     const std::string& message);

// "changed by ana in revision 12: route default: timeout is gone", of the last change of the VirtualService.
std::string LastChangeText(const CanaryWorld& world, const config::ResourceKey& service);

}  // namespace sluice::gateway

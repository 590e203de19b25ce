// Which rule of a VirtualService before a change is which one after it, and what rules and destinations are called. Bodies
// may be anything. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/resource_json.h"
#include "gateway/store/field_diff.h"

namespace sluice::gateway {

struct RulePair {
  std::size_t before = 0;  // indexes into http[]
  std::size_t after = 0;
};

struct RulePairs {
  std::vector<RulePair> kept;  // in the order after the change
  std::vector<std::size_t> gone;
  std::vector<std::size_t> fresh;
};

// By name; those that are left by an equal match (so that a rule may get another name), then by an equal place when neither
// has a name.
RulePairs PairRules(const config::Json& before, const config::Json& after);

// http[].name, else "#0" by its index.
std::string RuleName(const config::Json& rule, std::size_t index);

std::uint64_t WeightOf(const config::Json& route_entry);
// The host that all destinations of route[] share; empty when they differ.
std::string HostOf(const config::Json& route);
// The subset, with its host unless that is `usual_host`.
std::string DestinationText(const config::Json& destination, const std::string& usual_host);

}  // namespace sluice::gateway

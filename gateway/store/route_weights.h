// The weights of one rule of a VirtualService, in its JSON body: read, set by name, split for a stage of a canary, and put
// back as they were. What is not a weight stays as it is. Bodies may be anything. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/resource_json.h"
#include "core/base/result.h"

namespace sluice::gateway {

inline constexpr std::uint64_t kRouteWeightMax = INT32_MAX;  // what the field of the API holds

// The rule by its name, or by its index when that is a number that no rule is called ("#2" too).
core::Result<std::size_t> FindRule(const config::Json& rules, const std::string& route);

// Sets the weights that are named, {"v45":90}; the others stay.
core::Status SetWeights(config::Json& rule, const config::Json& weights);

// One destination of a rule with its weight as it is written: null where none is.
struct RouteShare {
  config::Json destination{};
  config::Json weight{};

  friend bool operator==(const RouteShare&, const RouteShare&) = default;
};
using RouteWeights = std::vector<RouteShare>;

RouteWeights WeightsOf(const config::Json& rule);  // in the order of the rule; empty: it does not route
// An error when the rule's destinations are not those of `weights`, in whatever order.
core::Status PutWeights(config::Json& rule, const RouteWeights& weights);
config::Json ToJson(const RouteWeights& weights);
RouteWeights RouteWeightsFrom(const config::Json& json);

// The two subsets of a canary, each once, on one host.
struct Versions {
  std::string champion;
  std::string challenger;
};
core::Status CheckVersions(const RouteWeights& weights, const Versions& versions);

// The challenger gets `percent` of what both have together in `before`, the champion the rest; other destinations keep their
// shares. Where that is no whole number, all weights of the rule are multiplied by the smallest factor (at most 100) that
// makes it one, which changes nobody's share: 5 % of 90 and 10 is 95 and 5, 5 % of 1 and 0 is 19 and 1.
core::Result<RouteWeights> StageWeights(const RouteWeights& before, const Versions& versions, std::uint32_t percent);

// What `before` is after somebody has edited the rule to `edited`: both versions share what they have together there as
// they did before, other destinations have what was edited. Factors as above.
core::Result<RouteWeights> AdoptWeights(const RouteWeights& before, const RouteWeights& edited,
                                        const Versions& versions);

}  // namespace sluice::gateway

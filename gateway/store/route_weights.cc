#include "gateway/store/route_weights.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "core/base/text.h"
#include "gateway/store/field_diff.h"
#include "gateway/store/rule_pairs.h"

namespace sluice::gateway {
namespace {

using config::Json;

std::unexpected<core::Error> Bad(std::string cause, std::string cure = {}) {
  return core::Fail(core::ErrorCode::kInvalidArgument, std::move(cause), std::move(cure));
}

std::uint64_t Weight(const RouteShare& share) {
  const Json& weight = share.weight;
  return weight.is_number_integer() && weight > 0 ? weight.get<std::uint64_t>() : 0;
}

const RouteShare* Find(const RouteWeights& weights, const std::string& subset) {
  const auto found = std::ranges::find_if(
      weights, [&](const RouteShare& share) { return ValueAt(share.destination, "subset") == subset; });
  return found == weights.end() ? nullptr : &*found;
}

std::string NamesOf(const RouteWeights& weights) {
  std::string names;
  for (const RouteShare& share : weights) {
    names += (names.empty() ? "" : ", ") + DestinationText(share.destination, "");
  }
  return names;
}

// Multiplies `weights` and sets those of the two versions.
core::Result<RouteWeights> Split(const RouteWeights& weights, const Versions& versions, std::uint64_t factor,
                                 std::uint64_t champion, std::uint64_t challenger) {
  RouteWeights split = weights;
  for (RouteShare& share : split) {
    std::uint64_t weight = Weight(share) * factor;
    const Json& subset = ValueAt(share.destination, "subset");
    if (subset == versions.champion) weight = champion;
    if (subset == versions.challenger) weight = challenger;
    if (weight > kRouteWeightMax) {
      return Bad("the weights would be larger than " + std::to_string(kRouteWeightMax),
                 "give the destinations of the route smaller weights in the same proportion");
    }
    share.weight = weight;
  }
  return split;
}

}  // namespace

core::Result<std::size_t> FindRule(const Json& rules, const std::string& route) {
  std::string names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string name = RuleName(rules[i], i);
    if (name == route) return i;
    names += (names.empty() ? "" : ", ") + name;
  }
  if (const auto index = core::ParseDecimal(route); index && *index < rules.size()) return *index;
  return core::Fail(core::ErrorCode::kNotFound, "there is no route " + route, "there are " + names);
}

core::Status SetWeights(Json& rule, const Json& weights) {
  const auto route = rule.find("route");
  if (route == rule.end() || !route->is_array()) return Bad("the route has no destinations to share requests among");
  std::set<std::string> set;
  std::string names;
  for (Json& entry : *route) {
    const std::string name = DestinationText(ValueAt(entry, "destination"), HostOf(*route));
    names += (names.empty() ? "" : ", ") + name;
    const Json& weight = ValueAt(weights, name);
    if (weight.is_null()) continue;
    if (!weight.is_number_unsigned() || weight.get<std::uint64_t>() > kRouteWeightMax) {
      return Bad("the weight of " + name + " is no whole number from 0 to " + std::to_string(kRouteWeightMax));
    }
    if (!set.insert(name).second) return Bad(name + " is a destination of the route twice", "edit the VirtualService");
    entry["weight"] = weight;
  }
  for (const auto& [name, weight] : weights.items()) {
    if (!set.contains(name)) return Bad(name + " is no destination of the route", "its destinations are " + names);
  }
  std::uint64_t sum = 0;
  for (const Json& entry : *route) sum += WeightOf(entry);
  if (sum == 0) return Bad("all weights would be 0", "give one of " + names + " a share");
  return {};
}

RouteWeights WeightsOf(const Json& rule) {
  RouteWeights weights;
  const Json& route = ValueAt(rule, "route");
  if (!route.is_array()) return weights;
  for (const Json& entry : route) weights.push_back({ValueAt(entry, "destination"), ValueAt(entry, "weight")});
  return weights;
}

core::Status PutWeights(Json& rule, const RouteWeights& weights) {
  const auto route = rule.find("route");
  if (route == rule.end() || !route->is_array()) return Bad("the route has no destinations to share requests among");
  std::vector<bool> used(weights.size());
  std::size_t put = 0;
  for (Json& entry : *route) {
    const Json& destination = ValueAt(entry, "destination");
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (used[i] || weights[i].destination != destination) continue;
      used[i] = true;
      ++put;
      if (weights[i].weight.is_null()) {
        entry.erase("weight");
      } else {
        entry["weight"] = weights[i].weight;
      }
      break;
    }
  }
  if (put == weights.size() && put == route->size()) return {};
  return Bad("the route has other destinations than it had: " + NamesOf(WeightsOf(rule)),
             "they were " + NamesOf(weights));
}

Json ToJson(const RouteWeights& weights) {
  Json json = Json::array();
  for (const RouteShare& share : weights) {
    json.push_back({{"destination", share.destination}, {"weight", share.weight}});
  }
  return json;
}

RouteWeights RouteWeightsFrom(const Json& json) { return WeightsOf({{"route", json}}); }

core::Status CheckVersions(const RouteWeights& weights, const Versions& versions) {
  for (const std::string& subset : {versions.champion, versions.challenger}) {
    const auto count = std::ranges::count_if(
        weights, [&](const RouteShare& share) { return ValueAt(share.destination, "subset") == subset; });
    if (count == 1) continue;
    if (count > 1)
      return Bad(subset + " is a destination of the route " + std::to_string(count) + " times", "keep one");
    return Bad("subset " + subset + " is no destination of the route" +
                   (weights.empty() ? "" : "; its destinations are " + NamesOf(weights)),
               "add it to the route with weight 0");
  }
  const Json& champion = ValueAt(Find(weights, versions.champion)->destination, "host");
  const Json& challenger = ValueAt(Find(weights, versions.challenger)->destination, "host");
  if (champion != challenger) {
    return Bad("subsets " + versions.champion + " and " + versions.challenger + " are of different hosts",
               "a canary needs both on one host");
  }
  return {};
}

core::Result<RouteWeights> StageWeights(const RouteWeights& before, const Versions& versions, std::uint32_t percent) {
  if (core::Status fit = CheckVersions(before, versions); !fit) return std::unexpected(fit.error());
  const std::uint64_t both = Weight(*Find(before, versions.champion)) + Weight(*Find(before, versions.challenger));
  if (both == 0) {
    return Bad("subsets " + versions.champion + " and " + versions.challenger + " have weight 0 both",
               "give one of them a share of the route");
  }
  const std::uint64_t factor = 100 / std::gcd(both * percent, std::uint64_t{100});
  const std::uint64_t challenger = both * factor * percent / 100;
  return Split(before, versions, factor, both * factor - challenger, challenger);
}

core::Result<RouteWeights> AdoptWeights(const RouteWeights& before, const RouteWeights& edited,
                                        const Versions& versions) {
  if (core::Status fit = CheckVersions(before, versions); !fit) return std::unexpected(fit.error());
  if (core::Status fit = CheckVersions(edited, versions); !fit) return std::unexpected(fit.error());
  const std::uint64_t champion = Weight(*Find(before, versions.champion));
  const std::uint64_t both = champion + Weight(*Find(before, versions.challenger));
  const std::uint64_t shared = Weight(*Find(edited, versions.champion)) + Weight(*Find(edited, versions.challenger));
  if (shared == 0 || both == 0) {
    return Bad("subsets " + versions.champion + " and " + versions.challenger + " have weight 0 both",
               "give one of them a share of the route");
  }
  const std::uint64_t divisor = std::gcd(shared * champion, both);
  const std::uint64_t factor = both / divisor;
  if (factor > kRouteWeightMax) return Split(edited, versions, 1, kRouteWeightMax + 1, 0);  // says what is wrong
  const std::uint64_t kept = shared * champion / divisor;
  return Split(edited, versions, factor, kept, shared * factor - kept);
}

}  // namespace sluice::gateway

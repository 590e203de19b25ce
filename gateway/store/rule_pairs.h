// Which rule of a VirtualService before a change is which one after it, and small ways to look into bodies that may be
// anything. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/resource_json.h"

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

// By name; rules without one by an equal match, then by an equal place.
RulePairs PairRules(const config::Json& before, const config::Json& after);

// http[].name, else "#0" by its index.
std::string RuleName(const config::Json& rule, std::size_t index);

// json[key], or null when json is no object or has none.
const config::Json& ValueAt(const config::Json& json, const std::string& key);

// A list of objects that all have different names.
bool NamedList(const config::Json& json);
std::map<std::string, const config::Json*> ByName(const config::Json& list);

std::uint64_t WeightOf(const config::Json& route_entry);
// The host that all destinations of route[] share; empty when they differ.
std::string HostOf(const config::Json& route);
// The subset, with its host unless that is `usual_host`.
std::string DestinationText(const config::Json& destination, const std::string& usual_host);

}  // namespace sluice::gateway

#include "gateway/store/rule_pairs.h"

#include <optional>

namespace sluice::gateway {
namespace {

using config::Json;

std::string NameOf(const Json& rule) {
  const Json& name = ValueAt(rule, "name");
  return name.is_string() ? name.get<std::string>() : std::string();
}

// Pairs of those that are left, by `same`.
template <typename Same>
void PairBy(const Json& before, const Json& after, std::vector<std::optional<std::size_t>>& partner,
            std::vector<bool>& taken, Same same) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (std::size_t j = 0; !partner[i] && j < before.size(); ++j) {
      if (taken[j] || !same(before[j], after[i], j, i)) continue;
      partner[i] = j;
      taken[j] = true;
    }
  }
}

}  // namespace

const Json& ValueAt(const Json& json, const std::string& key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

bool NamedList(const Json& json) { return json.is_array() && !json.empty() && ByName(json).size() == json.size(); }

std::map<std::string, const Json*> ByName(const Json& list) {
  std::map<std::string, const Json*> items;
  for (const Json& item : list) {
    if (const std::string name = NameOf(item); !name.empty()) items.emplace(name, &item);
  }
  return items;
}

RulePairs PairRules(const Json& before, const Json& after) {
  std::vector<std::optional<std::size_t>> partner(after.size());
  std::vector<bool> taken(before.size());
  PairBy(before, after, partner, taken, [](const Json& old_rule, const Json& new_rule, std::size_t, std::size_t) {
    return !NameOf(old_rule).empty() && NameOf(old_rule) == NameOf(new_rule);
  });
  PairBy(before, after, partner, taken, [](const Json& old_rule, const Json& new_rule, std::size_t, std::size_t) {
    if (!NameOf(old_rule).empty() && !NameOf(new_rule).empty()) return false;
    return ValueAt(old_rule, "match") == ValueAt(new_rule, "match");
  });
  PairBy(before, after, partner, taken, [](const Json& old_rule, const Json& new_rule, std::size_t j, std::size_t i) {
    // One that matches everything does not become one that matches something: that would hide a rule that is gone.
    const bool both = ValueAt(old_rule, "match").is_null() == ValueAt(new_rule, "match").is_null();
    return NameOf(old_rule).empty() && NameOf(new_rule).empty() && i == j && both;
  });
  RulePairs pairs;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (partner[i]) {
      pairs.kept.push_back({*partner[i], i});
    } else {
      pairs.fresh.push_back(i);
    }
  }
  for (std::size_t j = 0; j < before.size(); ++j) {
    if (!taken[j]) pairs.gone.push_back(j);
  }
  return pairs;
}

std::string RuleName(const Json& rule, std::size_t index) {
  const std::string name = NameOf(rule);
  return name.empty() ? '#' + std::to_string(index) : name;
}

std::uint64_t WeightOf(const Json& route_entry) {
  const Json& weight = ValueAt(route_entry, "weight");
  // Code writes numbers with a sign where a parser would not.
  return weight.is_number_integer() && weight > 0 ? weight.get<std::uint64_t>() : 0;
}

std::string HostOf(const Json& route) {
  std::optional<std::string> host;
  for (const Json& entry : route) {
    const Json& own = ValueAt(ValueAt(entry, "destination"), "host");
    const std::string text = own.is_string() ? own.get<std::string>() : std::string();
    if (host && *host != text) return {};
    host = text;
  }
  return host.value_or("");
}

std::string DestinationText(const Json& destination, const std::string& usual_host) {
  const Json& host = ValueAt(destination, "host");
  const Json& subset = ValueAt(destination, "subset");
  std::string text = host.is_string() ? host.get<std::string>() : std::string();
  if (!subset.is_string()) return text;
  if (text == usual_host) return subset;
  return text + '/' + subset.get<std::string>();
}

}  // namespace sluice::gateway

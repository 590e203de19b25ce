#include "gateway/store/rule_pairs.h"

#include <map>
#include <optional>
#include <utility>

namespace sluice::gateway {
namespace {

using config::Json;

std::string NameOf(const Json& rule) {
  const Json& name = ValueAt(rule, "name");
  return name.is_string() ? name.get<std::string>() : std::string();
}

// Pairs those that are left and have the same key, in their order; a rule without a key stays alone.
template <typename Key>
void PairBy(const Json& before, const Json& after, std::vector<std::optional<std::size_t>>& partner,
            std::vector<bool>& taken, Key key) {
  std::map<std::string, std::vector<std::size_t>> left;  // the next one last
  for (std::size_t j = before.size(); j-- > 0;) {
    if (taken[j]) continue;
    if (auto of = key(before[j], j)) left[*of].push_back(j);
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    const std::optional<std::string> of = partner[i] ? std::nullopt : key(after[i], i);
    const auto found = of ? left.find(*of) : left.end();
    if (found == left.end() || found->second.empty()) continue;
    partner[i] = found->second.back();
    taken[found->second.back()] = true;
    found->second.pop_back();
  }
}

std::string MatchText(const Json& rule) {
  return ValueAt(rule, "match").dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

RulePairs PairRules(const Json& before, const Json& after) {
  using Key = std::optional<std::string>;
  std::vector<std::optional<std::size_t>> partner(after.size());
  std::vector<bool> taken(before.size());
  PairBy(before, after, partner, taken, [](const Json& rule, std::size_t) {
    std::string name = NameOf(rule);
    return name.empty() ? Key() : Key(std::move(name));
  });
  PairBy(before, after, partner, taken, [](const Json& rule, std::size_t) { return Key(MatchText(rule)); });
  PairBy(before, after, partner, taken, [](const Json& rule, std::size_t index) {
    // One that matches everything does not become one that matches something: that would hide a rule that is gone.
    const char* const kind = ValueAt(rule, "match").is_null() ? "all " : "some ";
    return NameOf(rule).empty() ? Key(kind + std::to_string(index)) : Key();
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

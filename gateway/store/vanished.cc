// What an edit took away: the half of semantic_diff.h that warns.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/store/rule_pairs.h"
#include "gateway/store/semantic_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Texts = std::vector<std::string>;

// Blocks of a rule whose loss changes what happens to requests, and how deep within them a loss is told: an operation on a
// header goes unseen, but another kind of rewrite is a change.
struct Block {
  const char* name;
  int depth;
};
constexpr Block kRuleBlocks[] = {{"retries", 1}, {"timeout", 0},    {"fault", 1},
                                 {"rewrite", 0}, {"corsPolicy", 0}, {"headers", 3}};

bool Has(const Json& list, const Json& item) { return std::ranges::find(list, item) != list.end(); }

// "retries of X vanish", "headers.request.set.x-a of X vanishes".
void VanishedFields(const std::string& path, const std::string& of, const Json& before, const Json& after, int depth,
                    Texts& lines) {
  if (before.is_null()) return;
  if (after.is_null()) {
    const bool several = path == "retries" || path == "headers";
    lines.push_back(path + " of " + of + (several ? " vanish" : " vanishes"));
    return;
  }
  if (depth == 0) return;
  if (before.is_array() && after.is_array()) {
    for (const Json& item : before) {
      if (!Has(after, item)) lines.push_back(path + ' ' + Short(item) + " of " + of + " vanishes");
    }
  }
  if (!before.is_object()) return;
  for (const auto& [key, value] : before.items()) {
    VanishedFields(path + '.' + key, of, value, ValueAt(after, key), depth - 1, lines);
  }
}

void MirrorsOf(const Json& rule, Texts& mirrors) {
  const Json& one = ValueAt(rule, "mirror");
  if (one.is_object()) mirrors.push_back(DestinationText(one, HostOf(ValueAt(rule, "route"))));
  for (const Json& mirror : ValueAt(rule, "mirrors")) {
    mirrors.push_back(DestinationText(ValueAt(mirror, "destination"), HostOf(ValueAt(rule, "route"))));
  }
}

// What one block of a match asks for: "uri", "headers x-user-segment".
Texts ConditionsOf(const Json& match) {
  Texts conditions;
  if (!match.is_object()) return conditions;
  for (const auto& [key, value] : match.items()) {
    const bool several = key == "headers" || key == "queryParams" || key == "withoutHeaders" || key == "sourceLabels";
    if (key == "name") continue;
    if (!several || !value.is_object()) {
      conditions.push_back(key);
      continue;
    }
    for (const auto& [name, condition] : value.items()) {
      conditions.push_back(key + ' ' + name);
    }
  }
  return conditions;
}

std::string Joined(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

// "headers x-user-segment exact premium"
std::string InWords(const Json& json) {
  if (!json.is_structured()) return Short(json);
  std::string words;
  for (const auto& [key, value] : json.items()) {
    words += (words.empty() ? "" : ", ") + (json.is_object() ? key + ' ' : std::string()) + InWords(value);
  }
  return words;
}

// Blocks that are equal on both sides are left out; the others are taken for each other in their order.
void VanishedMatch(const std::string& of, const Json& before, const Json& after, Texts& lines) {
  if (!before.is_array() || before.empty()) return;
  if (!after.is_array() || after.empty()) return lines.push_back("match of " + of + " vanishes");
  Texts left;
  std::vector<const Json*> changed;
  for (const Json& block : after) {
    if (!Has(before, block)) changed.push_back(&block);
  }
  auto next = changed.begin();
  for (const Json& block : before) {
    if (Has(after, block)) continue;
    const Texts had = ConditionsOf(block);
    if (next == changed.end()) {
      lines.push_back("a match of " + of + " vanishes: " + Joined(had));
      continue;
    }
    const Texts has = ConditionsOf(**next++);
    for (const std::string& condition : had) {
      if (std::ranges::find(has, condition) == has.end()) {
        lines.push_back("condition " + condition + " of " + of + " vanishes");
      }
    }
  }
}

// What destinations had of their own.
void VanishedOfDestinations(const std::string& of, const Json& before, const Json& after, Texts& lines) {
  const Json& had = ValueAt(before, "route");
  const Json& has = ValueAt(after, "route");
  for (const Json& entry : had) {
    const std::string name = DestinationText(ValueAt(entry, "destination"), HostOf(had));
    for (const Json& other : has) {
      if (ValueAt(entry, "destination") != ValueAt(other, "destination")) continue;
      VanishedFields("headers", name + " in " + of, ValueAt(entry, "headers"), ValueAt(other, "headers"), 3, lines);
    }
  }
}

void VanishedOfRule(const std::string& of, const Json& before, const Json& after, Texts& lines) {
  for (const Block& block : kRuleBlocks) {
    VanishedFields(block.name, of, ValueAt(before, block.name), ValueAt(after, block.name), block.depth, lines);
  }
  VanishedMatch(of, ValueAt(before, "match"), ValueAt(after, "match"), lines);
  VanishedOfDestinations(of, before, after, lines);
  Texts had;
  Texts has;
  MirrorsOf(before, had);
  MirrorsOf(after, has);
  for (const std::string& mirror : had) {
    if (std::ranges::find(has, mirror) == has.end()) lines.push_back("mirror to " + mirror + " of " + of + " vanishes");
  }
}

// A rule that goes takes with it what it alone had: said too, because its retries and mirrors are missed later. One
// without a name is told by what it asks for.
void VanishedWithRule(const Json& rule, std::size_t index, Texts& lines) {
  Texts with;
  for (const Block& block : kRuleBlocks) {
    if (!ValueAt(rule, block.name).is_null()) with.emplace_back(block.name);
  }
  Texts mirrors;
  MirrorsOf(rule, mirrors);
  for (const std::string& mirror : mirrors) with.push_back("mirror to " + mirror);
  std::string text = "rule " + RuleName(rule, index);
  const Json& match = ValueAt(rule, "match");
  if (CallOf(rule).empty() && match.is_array() && !match.empty()) text += " (" + Short(InWords(match.front())) + ")";
  lines.push_back(text + " vanishes" + (with.empty() ? "" : ", with its " + Joined(with)));
}

void VanishedRules(const Json& before, const Json& after, Texts& lines) {
  const RulePairs pairs = PairRules(before, after);
  for (const std::size_t gone : pairs.gone) VanishedWithRule(before[gone], gone, lines);
  for (const RulePair& pair : pairs.kept) {
    VanishedOfRule("route " + RuleName(before[pair.before], pair.before), before[pair.before], after[pair.after],
                   lines);
  }
}

// Items of a list that is no longer, or without them.
void VanishedItems(const char* what, const Json& before, const Json& after, Texts& lines) {
  if (!before.is_array()) return;
  const auto still = ByCall(after.is_array() ? after : Json::array());
  for (const auto& [call, item] : ByCall(before)) {
    if (!still.contains(call)) lines.push_back(std::string(what) + ' ' + call + " vanishes");
  }
  for (const Json& item : before) {
    if (item.is_string() && !(after.is_array() && Has(after, item))) {
      lines.push_back(std::string(what) + ' ' + Short(item) + " vanishes");
    }
  }
}

// A policy that is cleared as a whole is told block by block.
void VanishedBlocks(const std::string& of, const Json& before, const Json& after, Texts& lines) {
  if (!before.is_object()) return;
  for (const auto& [block, value] : before.items()) {
    VanishedFields(block, of, value, ValueAt(after, block), 1, lines);
  }
}

void VanishedSubsets(const Json& before, const Json& after, Texts& lines) {
  VanishedItems("subset", before, after, lines);
  if (!before.is_array() || !after.is_array()) return;
  const auto still = ByCall(after);
  for (const auto& [name, subset] : ByCall(before)) {
    const auto found = still.find(name);
    if (found == still.end()) continue;
    VanishedBlocks("subset " + name, ValueAt(*subset, "trafficPolicy"), ValueAt(*found->second, "trafficPolicy"),
                   lines);
  }
}

// Two of one address are told apart by their ports.
void VanishedEndpoints(const Json& before, const Json& after, Texts& lines) {
  if (!before.is_array()) return;
  for (const Json& endpoint : before) {
    const Json& address = ValueAt(endpoint, "address");
    const Json& ports = ValueAt(endpoint, "ports");
    const auto same = [&](const Json& other) {
      return ValueAt(other, "address") == address && ValueAt(other, "ports") == ports;
    };
    if (after.is_array() && std::ranges::any_of(after, same)) continue;
    lines.push_back("endpoint " + Short(address) + (ports.is_null() ? "" : " (" + InWords(ports) + ")") + " vanishes");
  }
}

}  // namespace

Texts Vanished(const Json& before, const Json& after) {
  Texts lines;
  const Json& was = ValueAt(before, "spec");
  const Json& is = ValueAt(after, "spec");
  if (const Json& rules = ValueAt(was, "http"); rules.is_array()) {
    const Json& now = ValueAt(is, "http");
    VanishedRules(rules, now.is_array() ? now : Json::array(), lines);
  }
  VanishedSubsets(ValueAt(was, "subsets"), ValueAt(is, "subsets"), lines);
  VanishedBlocks("the DestinationRule", ValueAt(was, "trafficPolicy"), ValueAt(is, "trafficPolicy"), lines);
  VanishedEndpoints(ValueAt(was, "endpoints"), ValueAt(is, "endpoints"), lines);
  VanishedItems("arm", ValueAt(was, "arms"), ValueAt(is, "arms"), lines);
  VanishedItems("host", ValueAt(was, "hosts"), ValueAt(is, "hosts"), lines);
  VanishedItems("gateway", ValueAt(was, "gateways"), ValueAt(is, "gateways"), lines);
  VanishedItems("server on port", ValueAt(was, "servers"), ValueAt(is, "servers"), lines);
  return lines;
}

}  // namespace sluice::gateway

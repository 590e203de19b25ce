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

// Blocks of a rule whose loss changes what happens to requests.
constexpr const char* kRuleBlocks[] = {"retries", "timeout", "fault", "rewrite", "corsPolicy", "headers", "match"};

void MirrorsOf(const Json& rule, std::vector<std::string>& mirrors) {
  const Json& one = ValueAt(rule, "mirror");
  if (one.is_object()) mirrors.push_back(DestinationText(one, HostOf(ValueAt(rule, "route"))));
  const Json& several = ValueAt(rule, "mirrors");
  for (const Json& mirror : several.is_array() ? several : Json::array()) {
    mirrors.push_back(DestinationText(ValueAt(mirror, "destination"), HostOf(ValueAt(rule, "route"))));
  }
}

void VanishedOfRule(const std::string& name, const Json& before, const Json& after, std::vector<std::string>& lines) {
  for (const char* block : kRuleBlocks) {
    if (!ValueAt(before, block).is_null() && ValueAt(after, block).is_null()) {
      const bool several = std::string_view(block).ends_with('s');  // retries, headers
      lines.push_back(std::string(block) + " of route " + name + (several ? " vanish" : " vanishes"));
    }
  }
  std::vector<std::string> had;
  std::vector<std::string> has;
  MirrorsOf(before, had);
  MirrorsOf(after, has);
  for (const std::string& mirror : had) {
    if (std::ranges::find(has, mirror) == has.end()) {
      lines.push_back("mirror to " + mirror + " of route " + name + " vanishes");
    }
  }
}

// A rule that goes takes with it what it alone had: said too, because its retries and mirrors are missed later.
void VanishedWithRule(const std::string& name, const Json& rule, std::vector<std::string>& lines) {
  std::string with;
  for (const char* block : {"retries", "timeout", "fault"}) {
    if (!ValueAt(rule, block).is_null()) with += (with.empty() ? "" : ", ") + std::string(block);
  }
  std::vector<std::string> mirrors;
  MirrorsOf(rule, mirrors);
  for (const std::string& mirror : mirrors) with += (with.empty() ? "" : ", ") + ("mirror to " + mirror);
  lines.push_back("rule " + name + " vanishes" + (with.empty() ? "" : ", with its " + with));
}

void VanishedRules(const Json& before, const Json& after, std::vector<std::string>& lines) {
  const RulePairs pairs = PairRules(before, after);
  for (const std::size_t gone : pairs.gone) VanishedWithRule(RuleName(before[gone], gone), before[gone], lines);
  for (const RulePair& pair : pairs.kept) {
    VanishedOfRule(RuleName(before[pair.before], pair.before), before[pair.before], after[pair.after], lines);
  }
}

void VanishedNames(const char* what, const Json& before, const Json& after, std::vector<std::string>& lines) {
  if (!before.is_array()) return;
  const auto still = ByName(after.is_array() ? after : Json::array());
  for (const auto& [name, item] : ByName(before)) {
    if (!still.contains(name)) lines.push_back(std::string(what) + ' ' + name + " vanishes");
  }
}

void VanishedBlocks(const std::string& of, const Json& before, const Json& after, std::vector<std::string>& lines) {
  if (!before.is_object()) return;
  for (const auto& [block, value] : before.items()) {
    if (!value.is_null() && ValueAt(after, block).is_null()) lines.push_back(block + " of " + of + " vanishes");
  }
}

void VanishedSubsets(const Json& before, const Json& after, std::vector<std::string>& lines) {
  VanishedNames("subset", before, after, lines);
  if (!before.is_array() || !after.is_array()) return;
  const auto still = ByName(after);
  for (const auto& [name, subset] : ByName(before)) {
    const auto found = still.find(name);
    if (found == still.end()) continue;
    VanishedBlocks("subset " + name, ValueAt(*subset, "trafficPolicy"), ValueAt(*found->second, "trafficPolicy"),
                   lines);
  }
}

void VanishedEndpoints(const Json& before, const Json& after, std::vector<std::string>& lines) {
  if (!before.is_array()) return;
  for (const Json& endpoint : before) {
    const Json& address = ValueAt(endpoint, "address");
    const auto same = [&](const Json& other) {
      return ValueAt(other, "address") == address && ValueAt(other, "ports") == ValueAt(endpoint, "ports");
    };
    if (after.is_array() && std::ranges::any_of(after, same)) continue;
    const Json& ports = ValueAt(endpoint, "ports");
    lines.push_back("endpoint " + (address.is_string() ? address.get<std::string>() : address.dump()) +
                    (ports.is_null() ? "" : " " + ports.dump()) + " vanishes");
  }
}

}  // namespace

std::vector<std::string> Vanished(const Json& before, const Json& after) {
  std::vector<std::string> lines;
  const Json& was = ValueAt(before, "spec");
  const Json& is = ValueAt(after, "spec");
  const Json& rules = ValueAt(was, "http");
  if (rules.is_array()) {
    const Json& now = ValueAt(is, "http");
    VanishedRules(rules, now.is_array() ? now : Json::array(), lines);
  }
  VanishedSubsets(ValueAt(was, "subsets"), ValueAt(is, "subsets"), lines);
  VanishedBlocks("the DestinationRule", ValueAt(was, "trafficPolicy"), ValueAt(is, "trafficPolicy"), lines);
  VanishedEndpoints(ValueAt(was, "endpoints"), ValueAt(is, "endpoints"), lines);
  VanishedNames("arm", ValueAt(was, "arms"), ValueAt(is, "arms"), lines);
  return lines;
}

}  // namespace sluice::gateway

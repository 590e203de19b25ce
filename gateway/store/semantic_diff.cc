#include "gateway/store/semantic_diff.h"

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/store/rule_pairs.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Lines about one object: `where` is put before each.
class Lines {
 public:
  // Names come from those who make changes, and lines go to terminals and logs: no control characters.
  void Add(const std::string& where, const std::string& what) {
    std::string& line = lines_.emplace_back(where + ": " + what);
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    std::ranges::replace_if(line, control, ' ');
  }
  void AddFields(const std::string& where, const Json& before, const Json& after) {
    std::vector<std::string> fields;
    DescribeFields("", before, after, fields);
    for (const std::string& field : fields) Add(where, field);
  }
  std::size_t size() const { return lines_.size(); }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

// Per cent of all weights, as people say it.
std::string Percent(std::uint64_t weight, std::uint64_t sum) {
  if (sum == 0) return "0 %";
  const std::uint64_t tenths = (weight * 1000 + sum / 2) / sum;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += '.' + std::to_string(tenths % 10);
  return text + " %";
}

// Shares by destination; a lone destination has all, whatever its weight says.
std::map<std::string, std::string> Shares(const Json& rule) {
  const Json& route = ValueAt(rule, "route");
  std::uint64_t sum = 0;
  std::map<std::string, std::uint64_t> weights;
  for (const Json& entry : route.is_array() ? route : Json::array()) {
    const std::uint64_t weight = route.size() == 1 ? 1 : WeightOf(entry);
    weights[DestinationText(ValueAt(entry, "destination"), HostOf(route))] += weight;
    sum += weight;
  }
  std::map<std::string, std::string> shares;
  for (const auto& [name, weight] : weights) shares.emplace(name, Percent(weight, sum));
  return shares;
}

void CompareShares(const std::string& where, const Json& before, const Json& after, Lines& lines) {
  const auto old_shares = Shares(before);
  const auto new_shares = Shares(after);
  std::string text;
  const auto add = [&](const std::string& name, const std::string& from, const std::string& to) {
    if (from != to) text += (text.empty() ? "" : ", ") + name + ' ' + from + " -> " + to;
  };
  for (const auto& [name, share] : new_shares) {
    const auto old_share = old_shares.find(name);
    add(name, old_share == old_shares.end() ? "0 %" : old_share->second, share);
  }
  for (const auto& [name, share] : old_shares) {
    if (!new_shares.contains(name)) add(name, share, "0 %");
  }
  if (!text.empty()) lines.Add(where, text);
}

// The rule without what is told as shares; what else a destination has stands below its name.
Json WithoutShares(const Json& rule) {
  Json rest = rule;
  const Json& route = ValueAt(rule, "route");
  if (!route.is_array()) return rest;
  Json others = Json::object();
  for (const Json& entry : route) {
    if (!entry.is_object()) continue;
    Json other = entry;
    other.erase("weight");
    other.erase("destination");
    if (other.empty()) continue;
    others[DestinationText(ValueAt(entry, "destination"), HostOf(route))] = std::move(other);
  }
  rest["route"] = std::move(others);
  return rest;
}

void CompareRule(const std::string& where, const Json& before, const Json& after, Lines& lines) {
  CompareShares(where, before, after, lines);
  lines.AddFields(where, WithoutShares(before), WithoutShares(after));
}

void CompareRules(const std::string& where, const Json& before, const Json& after, Lines& lines) {
  const RulePairs pairs = PairRules(before, after);
  for (const RulePair& pair : pairs.kept) {
    CompareRule(where + ": route " + RuleName(after[pair.after], pair.after), before[pair.before], after[pair.after],
                lines);
  }
  for (const std::size_t gone : pairs.gone) lines.Add(where, "route " + RuleName(before[gone], gone) + " is gone");
  for (const std::size_t fresh : pairs.fresh) lines.Add(where, "route " + RuleName(after[fresh], fresh) + " is new");
  if (!std::ranges::is_sorted(pairs.kept, {}, &RulePair::before)) lines.Add(where, "routes are in another order");
}

// kubectl's own note of what it has applied is no change.
Json WithoutNote(Json body) {
  Json* const metadata = body.contains("metadata") && body["metadata"].is_object() ? &body["metadata"] : nullptr;
  if (metadata == nullptr || !ValueAt(*metadata, "annotations").is_object()) return body;
  (*metadata)["annotations"].erase(kLastApplied);
  if ((*metadata)["annotations"].empty()) metadata->erase("annotations");
  return body;
}

void CompareObjects(const std::string& where, const Json& before, const Json& after, Lines& lines) {
  const std::size_t told = lines.size();
  Json rest_before = WithoutNote(before);
  Json rest_after = WithoutNote(after);
  const bool same = rest_before == rest_after;
  const Json& old_rules = ValueAt(ValueAt(before, "spec"), "http");
  const Json& new_rules = ValueAt(ValueAt(after, "spec"), "http");
  if (ValueAt(before, "kind") == "VirtualService" && old_rules.is_array() && new_rules.is_array()) {
    CompareRules(where, old_rules, new_rules, lines);
    rest_before["spec"].erase("http");
    rest_after["spec"].erase("http");
  }
  lines.AddFields(where, rest_before, rest_after);
  // Weights on another scale, a null where nothing was.
  if (!same && lines.size() == told) lines.Add(where, "written in another way");
}

}  // namespace

std::vector<std::string> Summarize(const std::vector<ObjectChange>& changes) {
  Lines lines;
  for (const ObjectChange& change : changes) {
    const std::string where = change.key.Text();
    if (!change.after) {
      lines.Add(where, "deleted");
    } else if (!change.before) {
      lines.Add(where, "created");
    } else {
      CompareObjects(where, change.before->body, change.after->body, lines);
      const bool owners = change.before->managed_fields != change.after->managed_fields;
      if (owners && change.before->body == change.after->body) lines.Add(where, "fields have other owners");
    }
  }
  std::vector<std::string> all = lines.Take();
  if (all.size() > kSummaryLinesMax) {
    const std::size_t more = all.size() - kSummaryLinesMax + 1;
    all.resize(kSummaryLinesMax - 1);
    all.push_back("and " + std::to_string(more) + " more changes");
  }
  return all;
}

}  // namespace sluice::gateway

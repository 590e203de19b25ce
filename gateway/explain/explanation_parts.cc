#include "gateway/explain/explanation_parts.h"

#include <array>
#include <string>

namespace sluice::gateway {
namespace {

using config::Json;

constexpr std::array kSources = {"header", "cookie", "query parameter"};  // of experiments and of sticky rules

template <typename Source>
std::string KeyText(Source source, const std::string& name) {
  return std::string(kSources[static_cast<std::size_t>(source)]) + " " + name;
}

Json MatchesJson(const std::vector<core::MatchTrace>& traces) {
  Json matches = Json::array();
  for (const core::MatchTrace& match : traces) {
    Json one = {{"name", TextOrNull(match.match->name)}, {"holds", !match.failed}};
    if (match.failed) {
      one["failed"] = {{"field", match.failed->field},
                       {"wanted", match.failed->wanted},
                       {"saw", match.failed->saw ? Json(*match.failed->saw) : Json()}};
    }
    matches.push_back(std::move(one));
  }
  return matches;
}

Json RuleJson(const core::RuleTrace& rule, bool reached) {
  const core::Route& route = *rule.route;
  return {{"virtual_service", TextOrNull(route.virtual_service)},
          {"rule_index", route.rule_index},
          {"route_name", TextOrNull(route.name)},
          {"file", TextOrNull(route.file)},
          {"line", route.line},
          {"holds", rule.holds},
          {"reached", reached},
          {"matches", MatchesJson(rule.matches)}};
}

std::string Hex8(std::uint32_t number) {
  std::string text(8, '0');
  for (std::size_t i = 8; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

Json HashJson(const core::HashTrace& hash, std::uint32_t buckets) {
  return {{"md5_of", hash.hashed},
          {"md5_start", Hex8(hash.number)},
          {"number", hash.number},
          {"buckets", buckets},
          {"bucket", hash.bucket}};
}

Json GatesJson(const core::ExperimentTrace& trace) {
  const core::Experiment& experiment = *trace.experiment;
  Json gates = {{"holdout", Json()}, {"layer", Json()}};
  if (experiment.holdout) {
    gates["holdout"] = {{"name", experiment.holdout->name}, {"holds_below", experiment.holdout->buckets}};
    if (trace.holdout) gates["holdout"].update(HashJson(*trace.holdout, core::kLayerBuckets));
  }
  if (experiment.layer) {
    gates["layer"] = {
        {"name", experiment.layer->name}, {"first", experiment.layer->first}, {"last", experiment.layer->last}};
    if (trace.layer) gates["layer"].update(HashJson(*trace.layer, core::kLayerBuckets));
  }
  return gates;
}

Json ExperimentJson(const core::ExperimentTrace& trace) {
  static constexpr std::array kOutcomes = {"no-unit",      "no-match", "override", "holdout",
                                           "not-in-layer", "bucket",   "no-md5"};
  const core::Experiment& experiment = *trace.experiment;
  Json one = {{"name", experiment.name},
              {"namespace", experiment.name_space},
              {"host", experiment.host},
              {"unit", KeyText(experiment.unit, experiment.unit_name)},
              {"user", trace.unit ? Json(*trace.unit) : Json()},
              {"generated", trace.generated},
              {"outcome", kOutcomes[static_cast<std::size_t>(trace.outcome)]},
              {"matches", MatchesJson(trace.matches)},
              {"arm", Json()},
              {"sets_headers", trace.sets_headers},
              {"replaces_subset", trace.replaces_subset}};
  one.update(GatesJson(trace));
  if (trace.own) one.update(HashJson(*trace.own, experiment.buckets));
  if (trace.arm != nullptr) {
    one["arm"] = {{"name", trace.arm->name},
                  {"first", trace.arm->first},
                  {"last", trace.arm->last},
                  {"subset", trace.arm->subset}};
  }
  return one;
}

}  // namespace

Json TextOrNull(std::string_view text) { return text.empty() ? Json() : Json(std::string(text)); }

double Percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Json RulesJson(const core::Explanation& explanation) {
  Json rules = Json::array();
  bool reached = true;
  for (const core::RuleTrace& rule : explanation.rules) {
    rules.push_back(RuleJson(rule, reached));
    if (rule.holds) reached = false;
  }
  return rules;
}

Json ExperimentsJson(const core::Explanation& explanation) {
  Json all = Json::array();
  for (const core::ExperimentTrace& trace : explanation.experiments) all.push_back(ExperimentJson(trace));
  return all;
}

Json SplitJson(const core::SplitTrace& split, const core::Plan& plan, bool draw_given) {
  static constexpr std::array kBy = {"lone", "draw", "user"};
  Json shares = Json::array();
  std::uint64_t first = 0;
  for (const core::ShareTrace& share : split.shares) {
    const core::WeightedDestination& destination = *share.destination;
    Json one = {{"host", destination.host},
                {"subset", TextOrNull(destination.subset)},
                {"weight", destination.weight},
                {"percent", split.shares.size() == 1 ? 100.0 : Percent(destination.weight, split.total)},
                {"chosen", share.chosen}};
    if (destination.weight > 0) one["points"] = {first, first + destination.weight - 1};
    first += destination.weight;
    shares.push_back(std::move(one));
  }
  Json json = {{"by", kBy[static_cast<std::size_t>(split.by)]},
               {"total", split.total},
               {"draw", std::to_string(plan.draw)},
               {"draw_given", draw_given},
               {"sticky", Json()},
               {"shares", std::move(shares)}};
  if (split.by == core::SplitTrace::By::kDraw) json["point"] = split.point;
  if (const auto& sticky = plan.route->sticky) {
    json["sticky"] = {{"key", KeyText(sticky->source, sticky->name)},
                      {"user", split.user ? Json(*split.user) : Json()}};
  }
  return json;
}

Json MirrorsJson(const core::Explanation& explanation, const core::Plan& plan) {
  Json all = Json::array();
  for (const core::MirrorTrace& trace : explanation.mirrors) {
    all.push_back({{"host", trace.mirror->host},
                   {"subset", TextOrNull(trace.mirror->subset)},
                   {"percent", Percent(trace.mirror->per_million, core::kPerMillion)},
                   {"point_percent", Percent(plan.draw % core::kPerMillion, core::kPerMillion)},
                   {"selected", trace.selected}});
  }
  return all;
}

}  // namespace sluice::gateway

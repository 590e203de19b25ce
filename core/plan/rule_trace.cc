#include "core/plan/rule_trace.h"

#include "core/route/match_check.h"

namespace sluice::core {
namespace {

std::string FieldText(const FailedCondition& failed) {
  const std::string name(failed.name);
  switch (failed.field) {
    case FailedCondition::Field::kUri: return "uri";
    case FailedCondition::Field::kScheme: return "scheme";
    case FailedCondition::Field::kMethod: return "method";
    case FailedCondition::Field::kAuthority: return "authority";
    case FailedCondition::Field::kHeader: return "headers[" + name + "]";
    case FailedCondition::Field::kWithoutHeader: return "withoutHeaders[" + name + "]";
    case FailedCondition::Field::kQuery: return "queryParams[" + name + "]";
    case FailedCondition::Field::kPort: break;
  }
  return "port";
}

}  // namespace

std::optional<ConditionTrace> TraceMatch(const RouteMatch& match, const RouteInput& input, Arena& scratch) {
  const auto failed = FirstFailedCondition(match, input, scratch);
  if (!failed) return std::nullopt;
  if (failed->wanted == nullptr) {
    const bool known = input.listener_port != 0;
    return ConditionTrace{"port", std::to_string(*match.port),
                          known ? std::optional(std::to_string(input.listener_port)) : std::nullopt};
  }
  return ConditionTrace{FieldText(*failed), DescribeMatch(*failed->wanted),
                        failed->saw ? std::optional(std::string(*failed->saw)) : std::nullopt};
}

std::vector<RuleTrace> TraceRules(std::span<const RouteId> order, const std::vector<Route>& routes,
                                  const RouteInput& input, Arena& scratch) {
  std::vector<RuleTrace> rules;
  rules.reserve(order.size());
  for (const RouteId id : order) {
    const Route& route = routes[id.value];
    RuleTrace& rule = rules.emplace_back();
    rule.route = &route;
    rule.holds = route.matches.empty();
    for (const RouteMatch& match : route.matches) {
      rule.matches.push_back({&match, TraceMatch(match, input, scratch)});
      rule.holds = !rule.matches.back().failed;
      if (rule.holds) break;
    }
  }
  return rules;
}

std::string DescribeMatch(const StringMatch& match) {
  std::string text;
  switch (match.kind()) {
    case StringMatch::Kind::kPresent: return "present";
    case StringMatch::Kind::kExact: text = "exact \""; break;
    case StringMatch::Kind::kPrefix: text = "prefix \""; break;
    case StringMatch::Kind::kRegex: text = "regex \""; break;
  }
  return text + match.text() + (match.ignore_case() ? "\" (any case)" : "\"");
}

}  // namespace sluice::core

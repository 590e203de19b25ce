#include "core/plan/rule_trace.h"

#include "core/base/text.h"
#include "core/http/query_string.h"

namespace sluice::core {
namespace {

using Seen = std::optional<std::string_view>;

ConditionTrace Failure(std::string field, const StringMatch& match, const Seen& seen) {
  return {std::move(field), DescribeMatch(match), seen ? std::optional(std::string(*seen)) : std::nullopt};
}

// Istio's API: these keys of `headers` are ignored.
bool Ignored(std::string_view name) {
  return name == "uri" || name == "scheme" || name == "method" || name == "authority";
}

// What a header predicate of that name looks at; several fields of one name are one value (reliability.md D2).
Seen HeaderValue(const Head& head, const HeaderPredicate& header, Arena& scratch) {
  const std::string folded = Fold(header.name);
  if (folded == ":method") return head.method;
  if (folded == ":scheme") return head.scheme;
  if (folded == ":authority" || folded == "host") return head.authority;
  if (folded == ":path") return head.path;
  return head.headers.Joined(folded, LookupHeaderName(folded), scratch);
}

// Of a missing header the empty text is judged, except by the presence test (section 1.3a).
bool AbsenceHolds(const StringMatch& match, const Seen& seen) {
  return match.kind() == StringMatch::Kind::kPresent ? !seen : !match.Matches(seen.value_or(""));
}

std::optional<ConditionTrace> FirstFailure(const RouteMatch& match, const RouteInput& input, Arena& scratch) {
  const Head& head = *input.head;
  const auto fails = [](const std::optional<StringMatch>& wanted, std::string_view seen) {
    return wanted && !wanted->Matches(seen);
  };
  if (fails(match.uri, input.path)) return Failure("uri", *match.uri, input.path);
  if (fails(match.scheme, head.scheme)) return Failure("scheme", *match.scheme, head.scheme);
  if (fails(match.method, head.method)) return Failure("method", *match.method, head.method);
  if (fails(match.authority, head.authority)) return Failure("authority", *match.authority, head.authority);
  for (const HeaderPredicate& header : match.headers) {
    if (Ignored(header.name)) continue;
    const Seen seen = HeaderValue(head, header, scratch);
    if (!seen || !header.match.Matches(*seen)) return Failure("headers[" + header.name + "]", header.match, seen);
  }
  for (const HeaderPredicate& header : match.without_headers) {
    if (Ignored(header.name)) continue;
    const Seen seen = HeaderValue(head, header, scratch);
    if (!AbsenceHolds(header.match, seen)) return Failure("withoutHeaders[" + header.name + "]", header.match, seen);
  }
  for (const QueryPredicate& wanted : match.query) {
    const Seen seen = FindQueryValue(input.query, wanted.name);
    if (!seen || !wanted.match.Matches(*seen)) return Failure("queryParams[" + wanted.name + "]", wanted.match, seen);
  }
  if (match.port && *match.port != input.listener_port) {
    const bool known = input.listener_port != 0;
    return ConditionTrace{"port", std::to_string(*match.port),
                          known ? std::optional(std::to_string(input.listener_port)) : std::nullopt};
  }
  return std::nullopt;
}

}  // namespace

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
      rule.matches.push_back({&match, FirstFailure(match, input, scratch)});
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

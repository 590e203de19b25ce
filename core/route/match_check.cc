#include "core/route/match_check.h"

#include "core/http/query_string.h"

namespace sluice::core {
namespace {

using Field = FailedCondition::Field;
using Seen = std::optional<std::string_view>;

// Istio's API: these keys of `headers` are ignored.
bool Ignored(std::string_view name) {
  return name == "uri" || name == "scheme" || name == "method" || name == "authority";
}

// What a header predicate of that name looks at; several fields of one name are one value (reliability.md D2).
Seen HeaderValue(const Head& head, std::string_view name, Arena& scratch) {
  if (name == ":method") return head.method;
  if (name == ":scheme") return head.scheme;
  if (name == ":authority" || name == "host") return head.authority;
  if (name == ":path") return head.path;
  return head.headers.Joined(name, LookupHeaderName(name), scratch);
}

// Of a missing header the empty text is judged, except by the presence test (section 1.3a).
bool AbsenceHolds(const StringMatch& match, const Seen& seen) {
  return match.kind() == StringMatch::Kind::kPresent ? !seen : !match.Matches(seen.value_or(""));
}

std::optional<FailedCondition> OfTarget(const RouteMatch& match, const RouteInput& input) {
  const Head& head = *input.head;
  const auto fails = [](const std::optional<StringMatch>& wanted, std::string_view seen) {
    return wanted && !wanted->Matches(seen);
  };
  if (fails(match.uri, input.path)) return FailedCondition{Field::kUri, {}, &*match.uri, input.path};
  if (fails(match.scheme, head.scheme)) return FailedCondition{Field::kScheme, {}, &*match.scheme, head.scheme};
  if (fails(match.method, head.method)) return FailedCondition{Field::kMethod, {}, &*match.method, head.method};
  if (fails(match.authority, head.authority)) {
    return FailedCondition{Field::kAuthority, {}, &*match.authority, head.authority};
  }
  return std::nullopt;
}

}  // namespace

std::optional<FailedCondition> FirstFailedCondition(const RouteMatch& match, const RouteInput& input, Arena& scratch) {
  if (auto failed = OfTarget(match, input)) return failed;
  for (const HeaderPredicate& header : match.headers) {
    if (Ignored(header.name)) continue;
    const Seen seen = HeaderValue(*input.head, header.name, scratch);
    if (!seen || !header.match.Matches(*seen)) return FailedCondition{Field::kHeader, header.name, &header.match, seen};
  }
  for (const HeaderPredicate& header : match.without_headers) {
    if (Ignored(header.name)) continue;
    const Seen seen = HeaderValue(*input.head, header.name, scratch);
    if (!AbsenceHolds(header.match, seen)) {
      return FailedCondition{Field::kWithoutHeader, header.name, &header.match, seen};
    }
  }
  for (const QueryPredicate& wanted : match.query) {
    const Seen seen = FindQueryValue(input.query, wanted.name);
    if (!seen || !wanted.match.Matches(*seen)) return FailedCondition{Field::kQuery, wanted.name, &wanted.match, seen};
  }
  if (match.port && *match.port != input.listener_port) return FailedCondition{Field::kPort, {}, nullptr, {}};
  return std::nullopt;
}

}  // namespace sluice::core

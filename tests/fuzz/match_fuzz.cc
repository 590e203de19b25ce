// Rules and a request in any bytes: the compiled program finds the rule that the trace finds, which explanations give.
//
// Parts: rules one per line, an empty line, "METHOD PATH?QUERY AUTHORITY", fields as "name:value". A rule is
// "WHERE KIND NAME TEXT": WHERE one of u(ri) m(ethod) a(uthority) h(eader) w(ithout) q(uery); KIND one of e(xact)
// E(xact, any case) p(refix) P(refix, any case) r(egex) *(present). A '+' in front joins it to the rule above.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/plan/rule_trace.h"
#include "core/route/match_program.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::core {
namespace {

std::string_view Word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

std::optional<StringMatch> ReadMatch(std::string_view kind, std::string_view text) {
  if (kind == "*") return StringMatch::Present();
  if (kind == "e" || kind == "E") return StringMatch::Exact(std::string(text), kind == "E");
  if (kind == "p" || kind == "P") return StringMatch::Prefix(std::string(text), kind == "P");
  auto regex = StringMatch::Regex(std::string(text));
  return regex ? std::optional(*std::move(regex)) : std::nullopt;
}

void AddCondition(std::string_view line, RouteMatch& match) {
  const std::string_view where = Word(line);
  const std::string_view kind = Word(line);
  const std::string name = Fold(Word(line));
  auto condition = ReadMatch(kind, line);
  if (!condition) return;
  if (where == "m") {
    match.method = std::move(condition);
  } else if (where == "a") {
    match.authority = std::move(condition);
  } else if (where == "h") {
    match.headers.push_back({name, HeaderName::kOther, *std::move(condition)});
  } else if (where == "w") {
    match.without_headers.push_back({name, HeaderName::kOther, *std::move(condition)});
  } else if (where == "q") {
    match.query.push_back({name, *std::move(condition)});
  } else {
    match.uri = std::move(condition);
  }
}

std::vector<Route> ReadRoutes(fuzz::Parts& parts) {
  std::vector<Route> routes;
  for (std::string_view line = parts.Next(); !line.empty() && routes.size() < 40; line = parts.Next()) {
    const bool joined = line.starts_with('+') && !routes.empty();
    if (line.starts_with('+')) line.remove_prefix(1);
    if (!joined) routes.emplace_back().matches.emplace_back();
    AddCondition(line, routes.back().matches.back());
  }
  return routes;
}

FUZZ_TARGET(match_fuzz) {
  fuzz::Parts parts(input);
  const std::vector<Route> routes = ReadRoutes(parts);
  std::vector<RouteId> order;
  for (std::uint32_t i = 0; i < routes.size(); ++i) order.push_back(RouteId{i});

  Arena arena;
  Head head(arena);
  std::string_view line = parts.Next();
  head.method = Word(line);
  head.path = Word(line);
  head.authority = line;
  while (!parts.empty() && head.headers.size() < 100) {
    const std::string_view field = parts.Next();
    const std::string_view name = field.substr(0, field.find(':'));
    head.headers.AddCopy(name, field.substr(std::min(field.size(), name.size() + 1)));
  }
  RouteInput request{&head, head.path.substr(0, head.path.find('?')), {}, 80};
  if (request.path.size() < head.path.size()) request.query = head.path.substr(request.path.size() + 1);

  const Route* expected = nullptr;
  for (const RuleTrace& rule : TraceRules(order, routes, request, arena)) {
    if (expected == nullptr && rule.holds) expected = rule.route;
  }
  CHECK(MatchProgram(order, routes).Run(request, routes, arena).route == expected);
}

}  // namespace
}  // namespace sluice::core

// Why each rule of a virtual host takes a request or does not: the conditions one by one, as they are written, instead
// of the packed checks that MatchProgram runs. For explanations; tests hold the two together. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/arena.h"
#include "core/route/match_program.h"
#include "core/route/route.h"

namespace sluice::core {

struct ConditionTrace {
  std::string field;   // "uri", "headers[x-user-segment]", "withoutHeaders[...]", "queryParams[...]", "port"
  std::string wanted;  // exact "premium"; with withoutHeaders what must not hold
  std::optional<std::string> saw;  // absent: the request has none
};

// One item of match[].
struct MatchTrace {
  const RouteMatch* match = nullptr;
  std::optional<ConditionTrace> failed;  // the first condition that does not hold; absent: all do
};

struct RuleTrace {
  const Route* route = nullptr;
  bool holds = false;               // a match item holds, or there is none to fail
  std::vector<MatchTrace> matches;  // up to and including the first that holds
};

// Absent when every condition holds.
std::optional<ConditionTrace> TraceMatch(const RouteMatch& match, const RouteInput& input, Arena& scratch);

// Every rule, in the order in which they are tried; those behind the first that holds are never reached.
std::vector<RuleTrace> TraceRules(std::span<const RouteId> order, const std::vector<Route>& routes,
                                  const RouteInput& input, Arena& scratch);

// `exact "premium"`, `prefix "/api"`, `regex "^v[0-9]$"`, `present`, with " (any case)".
std::string DescribeMatch(const StringMatch& match);

}  // namespace sluice::core

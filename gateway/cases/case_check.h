// Holds one decision against an Expectation. Pure; one thread.
#pragma once

#include <string>
#include <vector>

#include "core/plan/sample_request.h"
#include "core/resilience/retry_policy.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

struct CaseFailure {
  std::string field{};   // as in `expect`
  std::string wanted{};  // as written there
  std::string got{};
};

// Everything but the shares. `decision` gives its arena for the heads that are made to be looked at.
std::vector<CaseFailure> CheckDecision(const core::Snapshot& snapshot, core::SampleDecision& decision,
                                       const RouteCase& test);

// Whether `text` names that rule: by name or index, also as VIRTUALSERVICE/RULE with or without the namespace before it.
bool NamesRule(const core::Route& route, std::string_view text);

// `rule premium of ml/ranking (rules/vs.yaml:9)`; `no rule`.
std::string RuleText(const core::Route* route);

// The list with its numbers sorted, so that two lists of the same meaning are the same text.
std::string RetryOnText(core::RetryPolicy policy);

// `10%`, `0.25%`.
std::string PercentText(double percent);

}  // namespace sluice::gateway

// What the order of rules means for requests (core/analysis), as findings with their places. Compiles the documents for
// itself and takes its time, up to a second for thousands of rules: `sluice validate` calls it, a live change does not.
// One thread.
#pragma once

#include <vector>

#include "config/diagnostics.h"
#include "config/document.h"

namespace sluice::config {

// Adds rules that are never reached (SL2040 to SL2042), pairs whose order decides (SL2043) and what could not be told
// (SL2044, SL2045); and regexes that cut users unevenly (SL2047). Findings of Validate about the same rule get a request that shows them instead of a second finding.
// The documents must have passed validation. AuthorizationPolicies are left out: who may call is another question.
// `findings` stays sorted.
void AnalyzeRules(const Documents& documents, std::vector<Finding>& findings);

}  // namespace sluice::config

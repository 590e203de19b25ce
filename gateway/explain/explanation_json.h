// A decision and its explanation as JSON: what `explain -o json` prints, what a running gateway answers, and what the
// text for people is made from. Pure; any thread.
#pragma once

#include "config/resource_json.h"
#include "core/plan/explanation.h"

namespace sluice::gateway {

// The decision alone, under the names that the access log has for it: method, authority, path, virtual_service,
// rule_index, route_name, rule_match, subset, upstream_cluster, experiment, arm, bucket, mirrors, split_draw,
// response_code and response_code_details of an answer by the gateway. What does not apply is null.
config::Json DecisionJson(const core::Snapshot& snapshot, const core::SampleDecision& decision);

// Everything: "request", "decision", "host", "authorization", "rules", "experiments", "fault", "split", "mirrors",
// "destination", "timeouts", "retries", "headers". `live`: endpoints are seen with their ejections.
config::Json ExplanationJson(const core::Snapshot& snapshot, const core::SampleDecision& decision,
                             const core::Explanation& explanation, bool live);

}  // namespace sluice::gateway

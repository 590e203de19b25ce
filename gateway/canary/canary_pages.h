// What `sluice canary` asks of a running gateway: JSON below /sluice/v1/canaries.
//
//   GET  /sluice/v1/canaries                      {"canaries":[STATUS..]}
//   GET  /sluice/v1/canaries/NS/NAME              STATUS with "events":[{"timeUs","what","text","author","revision","numbers"}..], newest first,
//        20 of them or ?events=N
//   POST /sluice/v1/canaries/NS/NAME/start|pause|resume|promote|abort   body {} or {"full":true} (promote), {"message":".."}
//        -> STATUS; 409 {"error"} when it cannot be now, 507 when it cannot be written down, 404 unknown, 401 without a token
// STATUS: {"namespace","name","virtualService","route","champion","challenger","phase","pauseCause","stage" (from 0),"stages":[{"weight",
//   "holdSeconds"}..],"heldSeconds","weight","reason","since" (unix seconds of the phase),"verdict":{"championRequests",
//   "challengerRequests","enough","gates":[{"gate":"errorRate"|"latency","quantile","champion","challenger","low","high","logEvidence",
//   "threshold","broken","beyond"}]},"prometheus":[{"name","state","value","text"}]}
// Rates are shares, latencies are milliseconds, low and high bound the difference of rates or the ratio of latencies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/resource_json.h"
#include "core/canary/canary_machine.h"
#include "core/canary/verdict.h"
#include "gateway/store/canary_store.h"

namespace sluice::gateway {

bool IsCanaryPath(std::string_view path);

config::Json ToJson(const core::Verdict& verdict);

}  // namespace sluice::gateway

// What a change means, in the words of those who made it: weights, rules, time-outs, retries, mirrors; and what a change
// makes vanish. Works on canonical bodies; pure.
#pragma once

#include <string>
#include <vector>

#include "gateway/store/revision_store.h"

namespace sluice::gateway {

// "VirtualService ml-serving/ranking: route default: v47 10 % -> 25 %, v45 90 % -> 75 %"; one line for each thing that
// changed, at most kSummaryLinesMax, the last then says how many more. A kind without words of its own tells fields:
// "spec.host: a -> b".
inline constexpr std::size_t kSummaryLinesMax = 40;
std::vector<std::string> Summarize(const std::vector<ObjectChange>& changes);

// "rule premium-users vanishes", "retries of route default vanish", "timeout of route default vanishes", "mirror to v47 of route default vanishes": what an
// edit of an existing object took away. Empty for objects that are new or deleted.
std::vector<std::string> Vanished(const config::Json& before, const config::Json& after);

}  // namespace sluice::gateway

// What `sluice experiment status` asks of a running gateway.
//
//   GET /sluice/v1/experiments           {"experiments":[STATUS..]}
//   GET /sluice/v1/experiments/NS/NAME   STATUS; 404 {"error"}
// STATUS: {"namespace","name","host","unit","buckets","layer","holdout","sinceUs","exposureLog":{"path","lines","dropped"},
//   "ratio":{"chiSquare","pValue","users","alarm"},"findings":[..],"arms":[{"arm","subset","expectedShare","exposures",
//   "share","requests","errors","errorRate","p50Ms","p99Ms","meanMs","against":{"arm":CONTROL,
//   "errorRate":{"difference","low","high"},"p50":{"ratio","low","high"},"p99":{"ratio","low","high"}}}]}
// `ratio` is of the last look (core/stats/ratio_watch.h); `users` 0: there was none. `requests` are those that were
// answered or left before; shares, `against` and the holdout's numbers are null where there is nothing to tell.
// The first arm is the control; `against` is null there. Intervals hold at every look with 95 % (core/stats), so looking
// often is no mistake; they take requests as independent, so few users with many requests each make them too narrow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/resource_json.h"
#include "core/snapshot/snapshot.h"
#include "gateway/admin/admin_message.h"
#include "gateway/experiment/experiment_tally.h"
#include "gateway/experiment/exposure_log.h"

namespace sluice::gateway {

bool IsExperimentPath(std::string_view path);

// What the pages are made from; all of it in force.
struct ExperimentView {
  const core::Snapshot* snapshot = nullptr;
  const ExposureLog* log = nullptr;
  std::vector<const ExperimentTally*> tallies;
};

AdminAnswer AnswerExperiments(const ExperimentView& view, const AdminRequest& request);

}  // namespace sluice::gateway

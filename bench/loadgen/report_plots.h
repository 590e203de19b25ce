// Which plots a page shows of a run, from its numbers. Pure.
#pragma once

#include <optional>
#include <vector>

#include "bench/loadgen/run_record.h"
#include "bench/loadgen/svg_plot.h"

namespace sluice::bench {

// Nothing where there is nothing to see.
std::optional<Plot> LatencyOverLoad(const RunRecord& record);   // a point for each step
std::optional<Plot> PercentileCurves(const RunRecord& record);  // a line for each step
std::optional<Plot> SplitOverTime(const Report& report);        // all versions, from 0 to 100 %
std::vector<Plot> SplitsInDetail(const Report& report);         // one for each version but the first, fitted to it
std::optional<Plot> LatencyOverTime(const Report& report);
std::optional<Plot> RateOverTime(const Report& report);

}  // namespace sluice::bench

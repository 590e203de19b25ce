// The JSON of reports, in pieces. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/loadgen/report.h"

namespace sluice::bench {

nlohmann::ordered_json ReportJson(const Report& report);
nlohmann::ordered_json StickinessJson(const Stickiness::Result& result);

// Everything that was counted, histograms with all their buckets, so that reports of several processes can be merged
// exactly. Of units, only the results. Loading fails with kInvalidArgument for anything that saving does not write.
nlohmann::ordered_json SaveReport(const Report& report);
core::Result<Report> LoadReport(const nlohmann::ordered_json& saved);

// One line for each member, which is long: fit for a pager and for diff. Bytes that are no UTF-8 become U+FFFD.
std::string DumpByLine(const nlohmann::ordered_json& object);

}  // namespace sluice::bench

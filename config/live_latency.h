// perTryTimeout beside what a running gateway has measured: a try that is cut off before one in a hundred answers is
// there repeats work that was about to succeed. What is measured are whole requests, with the tries before the last.
// Reads the text of /stats/prometheus; fetching it is the caller's. Pure; one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/document.h"

namespace sluice::config {

struct LiveLatency {
  double requests = 0;
  double p99_ms = 0;  // interpolated within its bucket, as histogram_quantile does
};

// By destination_service, over all series of istio_request_duration_milliseconds. Lines that are no samples of it are
// passed over.
std::map<std::string, LiveLatency> ReadLatencies(std::string_view metrics);

// SL2048 for rules whose perTryTimeout is not above the p99 of a destination that has answered often enough; a note where
// nothing was measured. Appends to `findings`.
void CompareWithLatency(const Documents& documents, std::string_view metrics, std::vector<Finding>& findings);

}  // namespace sluice::config

// How a canary's status is shown to people: its stages as a line, the hold, both versions' numbers, what happened last. Pure;
// any thread.
#pragma once

#include <string>

#include "config/resource_json.h"

namespace sluice::gateway {

// All of one canary; STATUS as in gateway/canary/canary_pages.h.
std::string CanaryView(const config::Json& status, bool colours);
// A line for each.
std::string CanaryTable(const config::Json& canaries);
// "Progressing, stage 2 of 5 (10 %): ..." without what changes all the time.
std::string CanaryLine(const config::Json& status);

bool CanaryRuns(const config::Json& status);

}  // namespace sluice::gateway

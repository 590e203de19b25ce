// Durations as Kubernetes and Istio write them: `200ms`, `30s`, `1m30s`, `1.5h`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace sluice::config {

// Decimal numbers with a unit (h, m, s, ms, us, ns), largest first or not, no sign, no blanks, at most 10,000 h.
core::Result<core::Duration> ParseDuration(std::string_view text);

// `90s`, `200ms`, `1.5ms`: the largest unit that leaves a short number, for messages.
std::string FormatDuration(core::Duration duration);

}  // namespace sluice::config

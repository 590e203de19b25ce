// Numbers as sentences of a canary's history show them: two or three digits that matter, a point, a unit. Never a locale.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"

namespace sluice::core {

std::string CountText(std::uint64_t count);         // "4,012"
std::string PercentText(double percent);            // "5.1 %", "0.1 %", "0.0012 %", "100 %"
std::string PointsText(double points);              // "0.5", as PercentText without the unit
std::string MillisecondsText(double microseconds);  // "0.35 ms", "8.2 ms", "212 ms"
std::string QuantileText(double quantile);          // "p99", "p99.95"
std::string HoldText(Duration duration);            // "45s", "10m", "1h30m"; whole seconds from one second on

}  // namespace sluice::core

// Numbers as people read them, the same in text and on pages. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/loadgen/wilson.h"

namespace sluice::bench {

std::string Fixed(double value, int digits);
// Milliseconds to the nanosecond.
inline double Millis(std::chrono::nanoseconds duration) { return static_cast<double>(duration.count()) / 1e6; }

// Milliseconds with three digits behind the point.
std::string MillisText(std::chrono::nanoseconds duration);
std::string PercentText(double share);             // "12.34 %"
std::string IntervalText(const Interval& likely);  // "12.01 to 12.67 %"
std::string RateText(double per_second);           // fewer digits the greater it is

}  // namespace sluice::bench

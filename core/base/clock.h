// Time as every layer speaks of it. core/ never reads a clock: `now` arrives as an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::core {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

constexpr Duration Milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }
constexpr Duration Seconds(std::int64_t count) { return std::chrono::seconds(count); }

// A source of monotonic time: real in gateway/runtime, moved by hand in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

}  // namespace sluice::core

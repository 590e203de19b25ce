// The one place that reads the clocks. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/clock.h"

namespace sluice::gateway {

class SteadyClock final : public core::Clock {
 public:
  core::TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};

// Wall clock, for logs and the `date` header only: no deadline depends on it. Microseconds since 1970.
inline std::int64_t UnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace sluice::gateway

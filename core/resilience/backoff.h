// The pause before a retry: full jitter, uniform in [0, b), b doubling from the base up to ten times the base
// (istio-reference.md section 1.5: 25, 50, 100, 200, then 250 ms). One per exchange; one thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/clock.h"
#include "core/base/random.h"

namespace sluice::core {

class Backoff {
 public:
  static constexpr std::int64_t kMaxFactor = 10;

  explicit Backoff(Duration base) : bound_(base), max_(base * kMaxFactor) {}

  Duration Next(Random& random) {
    const auto bound = static_cast<std::uint64_t>(std::max(bound_.count(), Duration::rep{0}));
    bound_ = bound_ > max_ / 2 ? max_ : bound_ * 2;
    return Duration(static_cast<Duration::rep>(random.Below(bound)));
  }

  Duration bound() const { return bound_; }  // of the next draw, exclusive

 private:
  Duration bound_;
  Duration max_;
};

}  // namespace sluice::core

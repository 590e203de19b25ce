// A clock that a test moves.
#pragma once

#include "core/base/clock.h"

namespace sluice {

class ManualClock final : public core::Clock {
 public:
  core::TimePoint Now() const override { return now_; }
  void Advance(core::Duration step) { now_ += step; }

 private:
  core::TimePoint now_{core::Seconds(1000)};
};

}  // namespace sluice

// How often something may happen: a burst, then a steady rate. Pure: time comes in as an argument. One thread.
#pragma once

#include <algorithm>

#include "core/base/clock.h"

namespace sluice::core {

class TokenBucket {
 public:
  // `per_second` tokens flow in, `burst` is what it holds at most and begins with.
  constexpr TokenBucket(double burst, double per_second) : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // Takes `cost` tokens; false, and nothing is taken, when there are not so many.
  bool Take(TimePoint now, double cost = 1) {
    if (started_ && now > filled_at_) {
      const double seconds = std::chrono::duration<double>(now - filled_at_).count();
      tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
    }
    started_ = true;
    filled_at_ = std::max(filled_at_, now);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }

 private:
  double burst_;
  double per_second_;
  double tokens_;
  TimePoint filled_at_{};
  bool started_ = false;
};

}  // namespace sluice::core

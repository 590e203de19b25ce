#include "core/stats/ratio_watch.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace sluice::core {

RatioWatch::RatioWatch(std::vector<std::uint64_t> weights)
    : weights_(std::move(weights)), counted_(weights_.size()), counted_then_(weights_.size()) {}

void RatioWatch::Count(std::size_t arm, std::uint64_t users) {
  CHECK(arm < counted_.size());
  if (weights_[arm] == 0) return;
  counted_[arm] += users;
  users_ += users;
}

void RatioWatch::Restart() {
  std::ranges::fill(counted_, 0);
  users_ = 0;
  next_look_ = kUsersMin;
  ++tests_;
}

bool RatioWatch::Look() {
  if (alarm_ || users_ < next_look_) return false;
  next_look_ = users_ + (users_ + 3) / 4;
  ratio_ = TestSampleRatio(counted_, weights_);
  looked_at_ = users_;
  counted_then_ = counted_;
  const auto tests = static_cast<double>(tests_);
  alarm_ = ratio_.p_value < kAlarmP / (tests * tests);
  return alarm_;
}

}  // namespace sluice::core

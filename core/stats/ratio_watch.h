// Counts the users of each arm and says when they are not split as they should be. Looking often must not raise the alarm
// by itself, so it looks only when there are a quarter more users than at the last look, and at kUsersMin at least. Owned
// by whoever counts; one thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/stats/sample_ratio.h"

namespace sluice::core {

class RatioWatch {
 public:
  static constexpr double kAlarmP = 0.001;
  static constexpr std::uint64_t kUsersMin = 1'000;

  // By arm: what each should have of all, in any unit.
  explicit RatioWatch(std::vector<std::uint64_t> weights);

  void Count(std::size_t arm, std::uint64_t users = 1);
  // Users that were counted may be counted again from here on. Twice in one test they would be taken for chance that is
  // not there, so the test begins anew; every further one asks for a smaller p, kAlarmP / n², so that their false alarms do
  // not add up.
  void Restart();
  // Looks when it is time to. True when this look has raised the alarm, which then stays.
  bool Look();

  std::uint64_t users() const { return users_; }          // since the last restart
  const SampleRatio& ratio() const { return ratio_; }     // of the last look; of the alarm once there is one
  std::uint64_t looked_at() const { return looked_at_; }  // users at that look; 0: there was none
  const std::vector<std::uint64_t>& counted_then() const { return counted_then_; }
  bool alarm() const { return alarm_; }

 private:
  std::vector<std::uint64_t> weights_;
  std::vector<std::uint64_t> counted_;
  std::vector<std::uint64_t> counted_then_;
  std::uint64_t users_ = 0;
  std::uint64_t next_look_ = kUsersMin;
  std::uint64_t looked_at_ = 0;
  std::uint64_t tests_ = 1;
  SampleRatio ratio_;
  bool alarm_ = false;
};

}  // namespace sluice::core

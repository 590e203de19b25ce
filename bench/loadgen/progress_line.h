// The line on a terminal that tells how a run goes: time, rate, latency of the last second, losses, split. On a terminal
// it is written over itself and wiped at the end; into a file, a line a second. Owned by the run's main; one thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "bench/loadgen/live_counts.h"

namespace sluice::bench {

struct ProgressStyle {
  bool in_place = false;  // a terminal that can move back
  bool colour = false;
  std::size_t columns = 0;  // longer lines are cut; 0: never
};

// What fits standard error and the environment (TERM, NO_COLOR).
ProgressStyle StyleOfStderr();

class ProgressLine {
 public:
  // `length` of the run with its warm-up; 0 when it is not known.
  ProgressLine(std::ostream& out, ProgressStyle style, std::string label, std::chrono::nanoseconds warm_up,
               std::chrono::nanoseconds length);
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `elapsed` since the start of the run; rate and latency are of what came since the last call.
  void Show(std::chrono::nanoseconds elapsed, const LiveCounts::Sum& now);
  void Clear();

 private:
  std::string Compose(std::chrono::nanoseconds elapsed, const LiveCounts::Sum& now) const;

  std::ostream& out_;
  ProgressStyle style_;
  std::string label_;
  std::chrono::nanoseconds warm_up_;
  std::chrono::nanoseconds length_;
  std::chrono::nanoseconds shown_at_{0};
  LiveCounts::Sum before_;
  bool shown_ = false;
};

}  // namespace sluice::bench

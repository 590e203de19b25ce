// What a run looked like over time: slices of equal width, each with its answers, losses, latencies and versions.
// Bounded: when there are too many slices, pairs are made one, so a run of any length has 60 to 120 of them (short
// ones fewer). Owned by a report; one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>

#include "bench/loadgen/version_table.h"
#include "bench/support/latency_histogram.h"

namespace sluice::bench {

struct TimeSlice {
  std::uint64_t lost = 0;
  LatencyHistogram latency = {};  // its count is that of the answers
  std::array<std::uint64_t, VersionTable::kSlots> versions = {};

  void Merge(const TimeSlice& other, const VersionTable::Mapping& mapping);
};

class TimeSeries {
 public:
  static constexpr std::size_t kSlicesMax = 120;
  static constexpr std::chrono::milliseconds kWidthMin{100};

  void CountAnswer(std::chrono::nanoseconds at, std::chrono::nanoseconds latency, std::uint8_t version);
  void CountLost(std::chrono::nanoseconds at);
  void Merge(const TimeSeries& other, const VersionTable::Mapping& mapping);

  std::chrono::nanoseconds width() const { return width_; }
  const std::deque<TimeSlice>& slices() const { return slices_; }

  // Of slices that were written down; `width` is kWidthMin times a power of two.
  static TimeSeries FromSlices(std::chrono::nanoseconds width, std::deque<TimeSlice> slices);

 private:
  TimeSlice& SliceAt(std::chrono::nanoseconds at);
  void Widen();

  std::chrono::nanoseconds width_ = kWidthMin;
  std::deque<TimeSlice> slices_;  // a deque: they are large, and never move
  // The slice that was counted in last, mostly the next one's too, and where it begins. None while `current_` is above
  // every index.
  std::size_t current_ = kSlicesMax;
  std::chrono::nanoseconds current_from_{0};
};

}  // namespace sluice::bench

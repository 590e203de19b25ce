// What the progress line reads while the threads of a run write: rough, never exact, and cheap. One thread writes, any
// thread reads. Owned by the report of the writing thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bench/loadgen/version_table.h"
#include "bench/support/latency_histogram.h"

namespace sluice::bench {

class LiveCounts {
 public:
  static constexpr unsigned kShift = 3;  // of each eight buckets of the histogram one is kept: 6 % are close enough
  static constexpr std::size_t kBuckets = LatencyHistogram::kBuckets >> kShift;
  static constexpr std::size_t kVersionsMax = 8;  // more do not fit on a line

  // Sums over the threads of a run, at one moment.
  struct Sum {
    std::uint64_t answered = 0;
    std::uint64_t lost = 0;
    std::array<std::uint64_t, kBuckets> latency = {};
    std::map<std::string, std::uint64_t, std::less<>> versions = {};

    // The latency that a share `q` of what came since `before` does not exceed; 0 when nothing came.
    std::chrono::nanoseconds QuantileSince(const Sum& before, double q) const;
  };

  LiveCounts() = default;
  LiveCounts(const LiveCounts&) = delete;
  LiveCounts& operator=(const LiveCounts&) = delete;

  // The writer. `version` is the number of `name` in its table; numbers come in order.
  void CountAnswer(std::chrono::nanoseconds latency, std::uint8_t version, std::string_view name);
  void CountLost() { Increment(lost_); }

  // A reader.
  void AddTo(Sum& sum) const;

 private:
  struct Version {
    std::atomic<std::uint64_t> count = 0;
    std::array<char, 24> name = {};  // cut off
    std::size_t name_size = 0;
  };

  // Only one thread writes, so no locked instruction is needed.
  static void Increment(std::atomic<std::uint64_t>& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::size_t> named_ = 0;  // versions whose names may be read
  std::array<Version, kVersionsMax> versions_;
  std::array<std::atomic<std::uint64_t>, kBuckets> latency_ = {};
};

}  // namespace sluice::bench

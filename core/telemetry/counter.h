// Numbers written by one worker and read by the thread that answers a scrape. No read-modify-write instruction: the
// single writer loads and stores relaxed, which costs what a plain increment costs.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::core {

// Only grows. Writer: the owning worker. Readers: any thread.
class Counter {
 public:
  void Add(std::uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  // For totals that another component already keeps: publishes its current value.
  void Set(std::uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Same threads.
class Gauge {
 public:
  void Add(std::int64_t change) {
    value_.store(value_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

}  // namespace sluice::core

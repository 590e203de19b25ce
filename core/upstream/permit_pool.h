// A cap shared by all workers: connections, pending requests, active requests, retries of one cluster.
// Lock-free; a small overshoot is impossible because TryAcquire counts first and gives back.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::core {

class PermitPool {
 public:
  // False when `limit` permits are out already.
  bool TryAcquire(std::uint32_t limit) {
    if (in_use_.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    in_use_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  // Takes a permit whatever the limit: for the one connection every pool may hold (section 2.3 maxConnections).
  void Acquire() { in_use_.fetch_add(1, std::memory_order_relaxed); }
  void Release() { in_use_.fetch_sub(1, std::memory_order_relaxed); }

  std::uint32_t in_use() const { return in_use_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> in_use_{0};
};

}  // namespace sluice::core

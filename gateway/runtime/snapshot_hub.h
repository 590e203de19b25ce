// The current snapshot, for those who are not workers, and the way to the workers. Publish() on the control thread,
// Current() on any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/snapshot/snapshot.h"
#include "gateway/runtime/endpoint_registry.h"
#include "gateway/runtime/meter_registry.h"
#include "gateway/runtime/worker.h"

namespace sluice::gateway {

// Called on each worker's thread with the new world.
struct AdoptHook {
  void (*call)(void* self, Worker& worker, std::shared_ptr<const core::Snapshot> snapshot) = nullptr;
  void* self = nullptr;
};

// Called on the control thread when another world is in force, before any worker works in it.
struct PublishHook {
  void (*call)(void* self) = nullptr;
  void* self = nullptr;
};

class SnapshotHub {
 public:
  SnapshotHub(std::vector<Worker*> workers, AdoptHook hook)
      : workers_(std::move(workers)), hook_(hook), meters_(workers_.size()) {}

  // The control thread; at most one is told.
  void OnPublish(PublishHook told) { told_ = told; }

  // Numbers the snapshot, gives it its live states and posts it to every worker. A worker uses it for every request
  // that begins after its post has run; running requests keep the world they began in.
  void Publish(std::unique_ptr<core::Snapshot> snapshot, core::TimePoint now);

  std::shared_ptr<const core::Snapshot> Current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  std::vector<Worker*> workers_;
  AdoptHook hook_;
  PublishHook told_;
  EndpointRegistry registry_;
  MeterRegistry meters_;
  std::uint64_t generation_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const core::Snapshot> current_;  // guarded by mutex_
};

}  // namespace sluice::gateway

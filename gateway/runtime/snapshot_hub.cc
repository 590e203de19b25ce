#include "gateway/runtime/snapshot_hub.h"

#include <utility>

namespace sluice::gateway {

void SnapshotHub::Publish(std::unique_ptr<core::Snapshot> snapshot, core::TimePoint now) {
  registry_.Attach(*snapshot, now);
  snapshot->generation = ++generation_;
  std::shared_ptr<const core::Snapshot> next(std::move(snapshot));
  {
    const std::lock_guard lock(mutex_);
    current_ = next;
  }
  for (Worker* worker : workers_) {
    worker->Post([hook = hook_, worker, next] { hook.call(hook.self, *worker, next); });
  }
}

}  // namespace sluice::gateway

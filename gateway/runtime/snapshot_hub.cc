#include "gateway/runtime/snapshot_hub.h"

#include <utility>

namespace sluice::gateway {

void SnapshotHub::Publish(std::unique_ptr<core::Snapshot> snapshot, core::TimePoint now) {
  registry_.Attach(*snapshot, now);
  meters_.Attach(*snapshot);
  snapshot->generation = ++generation_;
  std::shared_ptr<const core::Snapshot> next(std::move(snapshot));
  {
    const std::lock_guard lock(mutex_);
    current_ = next;
  }
  if (told_.call != nullptr) told_.call(told_.self);
  for (Worker* worker : workers_) {
    worker->Post([hook = hook_, worker, next] { hook.call(hook.self, *worker, next); });
  }
}

}  // namespace sluice::gateway

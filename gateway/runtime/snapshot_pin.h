// A worker's hold on a snapshot: a count of its own in front of the shared pointer, so that finishing a request never
// touches a cache line that other workers touch. Freed on the worker's thread with its last pin.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "core/snapshot/snapshot.h"

namespace sluice::gateway {

// One per worker and snapshot; carries what the worker derives from it lazily (see upstream/upstream_set).
class LocalSnapshot {
 public:
  explicit LocalSnapshot(std::shared_ptr<const core::Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
  virtual ~LocalSnapshot() = default;
  LocalSnapshot(const LocalSnapshot&) = delete;
  LocalSnapshot& operator=(const LocalSnapshot&) = delete;

  const core::Snapshot& operator*() const { return *snapshot_; }
  const core::Snapshot* operator->() const { return snapshot_.get(); }
  const core::Snapshot* get() const { return snapshot_.get(); }
  // For what outlives the requests of this snapshot: pools.
  const std::shared_ptr<const core::Snapshot>& shared() const { return snapshot_; }

 private:
  friend class SnapshotPin;
  std::shared_ptr<const core::Snapshot> snapshot_;
  std::uint32_t pins_ = 0;
};

// The worker's thread only.
class SnapshotPin {
 public:
  SnapshotPin() = default;
  explicit SnapshotPin(LocalSnapshot* local) : local_(local) {
    if (local_ != nullptr) ++local_->pins_;
  }
  SnapshotPin(const SnapshotPin& other) : SnapshotPin(other.local_) {}
  SnapshotPin(SnapshotPin&& other) noexcept : local_(std::exchange(other.local_, nullptr)) {}
  SnapshotPin& operator=(SnapshotPin other) noexcept {
    std::swap(local_, other.local_);
    return *this;
  }
  ~SnapshotPin() {
    if (local_ != nullptr && --local_->pins_ == 0) delete local_;
  }

  LocalSnapshot* local() const { return local_; }
  const core::Snapshot& operator*() const { return **local_; }
  const core::Snapshot* operator->() const { return local_->get(); }
  explicit operator bool() const { return local_ != nullptr; }

 private:
  LocalSnapshot* local_ = nullptr;
};

}  // namespace sluice::gateway

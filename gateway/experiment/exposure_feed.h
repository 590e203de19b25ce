// A worker's side of the exposures: a filter that passes each unit of each arm once in a while rather than with every
// request, and a ring to the control thread that nobody waits on; what does not fit is dropped and counted, and told when
// the unit comes again. Owned by the worker's world. Warm, it makes no allocation and takes no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/telemetry/counter.h"
#include "core/telemetry/record.h"
#include "gateway/experiment/exposure.h"

namespace sluice::gateway {

class ExposureFeed {
 public:
  static constexpr std::size_t kRing = 4096;    // entries that wait for the control thread
  static constexpr std::size_t kRecent = 8192;  // remembered; a unit that comes again within them is passed over

  ExposureFeed() = default;
  ExposureFeed(const ExposureFeed&) = delete;
  ExposureFeed& operator=(const ExposureFeed&) = delete;

  // Worker: the exchange is over. Nothing to do without assignments. The wall clock is read only when an entry is made.
  void OnExchange(const core::Record& record);

  // Control thread: takes what is there; the number of entries read.
  std::size_t Read(std::vector<Exposure>& into);

  std::uint64_t dropped() const { return dropped_.value(); }  // any thread

 private:
  void OnAssignment(const core::Record& record, const core::Assignment& assignment, std::int64_t& unix_us);
  // The entry to fill; null when the ring is full. Publish() gives it away.
  Exposure* Room();
  void Publish();

  std::unique_ptr<std::array<std::uint64_t, kRecent>> recent_;  // allocated on first use, like the ring
  std::unique_ptr<std::array<Exposure, kRing>> ring_;
  // Entries in [tail_, head_) belong to the control thread.
  std::atomic<std::uint64_t> head_{0};  // written by the worker
  std::atomic<std::uint64_t> tail_{0};  // written by the control thread
  core::Counter dropped_;
};

}  // namespace sluice::gateway

#include "gateway/runtime/meter_registry.h"

#include <utility>

namespace sluice::gateway {

void MeterRegistry::Attach(core::Snapshot& snapshot) {
  std::map<std::string, std::shared_ptr<core::VersionMeters>> next;
  for (core::MeterSlot& slot : snapshot.meters) {
    std::shared_ptr<core::VersionMeters>& live = next[slot.name];
    if (live == nullptr) {
      const auto known = meters_.find(slot.name);
      live = known != meters_.end() ? known->second : std::make_shared<core::VersionMeters>(workers_);
    }
    slot.live = live;
  }
  meters_ = std::move(next);
}

}  // namespace sluice::gateway

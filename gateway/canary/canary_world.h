// What canaries work with; all of it outlives them. Hooks are called on the control thread. Owned by the controller.
#pragma once

#include <memory>

#include "config/document.h"
#include "core/snapshot/snapshot.h"
#include "gateway/store/canary_store.h"
#include "gateway/store/change.h"
#include "gateway/store/revision_store.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

struct CanaryWorld {
  std::shared_ptr<const config::Documents> (*documents)(void* self) = nullptr;  // in force
  std::shared_ptr<const core::Snapshot> (*snapshot)(void* self) = nullptr;
  void* self = nullptr;
  ChangeHook changes{};
  World* world = nullptr;
  CanaryStore* store = nullptr;
  const RevisionStore* history = nullptr;  // who has changed the route
};

}  // namespace sluice::gateway

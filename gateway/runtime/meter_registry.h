// Live meters by name, so that what was measured survives a change of the configuration. The control thread only; the
// meters themselves are written by workers.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/snapshot/snapshot.h"

namespace sluice::gateway {

class MeterRegistry {
 public:
  explicit MeterRegistry(std::size_t workers) : workers_(workers) {}

  // Gives every slot of `snapshot` the meters it had under that name, else fresh ones. Forgets what is no longer named.
  void Attach(core::Snapshot& snapshot);

 private:
  std::size_t workers_;
  std::map<std::string, std::shared_ptr<core::VersionMeters>> meters_;
};

}  // namespace sluice::gateway

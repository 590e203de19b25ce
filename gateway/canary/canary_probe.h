// What one version answered in the stage of a canary, over the lives of the process and of its meter. Owned by the canary's
// run; the control thread only.
#pragma once

#include <memory>
#include <utility>

#include "core/telemetry/version_meter.h"

namespace sluice::gateway {

class CanaryProbe {
 public:
  explicit CanaryProbe(core::VersionSample carried) : carried_(std::move(carried)) {}

  // So far. `live` is the meter in force, null while nothing is measured; another one than last time has begun anew.
  core::VersionSample Read(const std::shared_ptr<core::VersionMeters>& live) {
    if (live != meters_) {
      carried_ = Sum();
      meters_ = live;
      base_ = core::VersionSample();
    }
    return Sum();
  }
  // Begins with nothing, from here on.
  void Restart(const std::shared_ptr<core::VersionMeters>& live) {
    carried_ = core::VersionSample();
    meters_ = live;
    base_ = live == nullptr ? core::VersionSample() : core::VersionSample::Of(*live);
  }

 private:
  core::VersionSample Sum() const {
    core::VersionSample sum = carried_;
    if (meters_ != nullptr) sum.Add(core::VersionSample::Of(*meters_).Since(base_));
    return sum;
  }

  core::VersionSample carried_;  // counted before `base_`
  std::shared_ptr<core::VersionMeters> meters_;
  core::VersionSample base_;  // of the meters when counting began
};

}  // namespace sluice::gateway

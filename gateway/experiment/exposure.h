// Who was assigned to what, and what served him: one entry per assignment of a request that has ended. Made by a worker,
// read by the control thread. Plain data of fixed size, so that a ring of them needs no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/experiment/assignment.h"
#include "core/snapshot/snapshot.h"

namespace sluice::gateway {

// Why what served a user is not what his arm says.
enum class ServedReason : std::uint8_t {
  kAsAssigned,    // it is
  kNoArm,         // holdout, or a bucket without an arm: the rule decides
  kOtherArm,      // another experiment's arm came first on this host
  kOtherRule,     // the rule is not among spec.routes, or leads to another host
  kNotForwarded,  // answered here: redirect, denied, no route
  kFailed,        // no endpoint, a limit, a failed connection: no model has answered
};
std::string_view ServedReasonText(ServedReason reason);  // "as-assigned", "no-arm", ...

struct Exposure {
  static constexpr std::size_t kUnitMax = 120;  // bytes; longer units are told by a hash of theirs

  std::int64_t time_us = 0;      // wall clock
  std::uint64_t generation = 0;  // of the snapshot that the ids belong to
  core::ExperimentId experiment{};
  std::int32_t arm = -1;  // index in the experiment; -1: none, -2: holdout
  std::uint32_t bucket = 0;
  core::AssignedBy by = core::AssignedBy::kBucket;
  ServedReason reason = ServedReason::kAsAssigned;
  bool generated = false;
  core::ClusterId served{};  // of that snapshot; invalid: none
  std::uint8_t unit_size = 0;
  std::array<char, kUnitMax> unit{};
};

}  // namespace sluice::gateway

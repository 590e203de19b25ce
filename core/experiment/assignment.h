// Which buckets and arms a request falls into, and the x-ab-* fields that say so (design.md section 2). Pure; what is made
// lies in the arena, the rest in the snapshot or the request.
//
// For one experiment, in this order: the unit (none, and none to be generated: no part), match (none holds: no part),
// overrides, holdout, layer (not its buckets: no part), bucket, arm.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/arena.h"
#include "core/base/random.h"
#include "core/experiment/bucket_hasher.h"
#include "core/experiment/experiment.h"
#include "core/http/head.h"
#include "core/route/match_program.h"

namespace sluice::core {

inline constexpr std::size_t kExperimentsPerHostMax = 64;  // later ones are not looked at; validate refuses more

// Told as x-ab-arm for users of a holdout; no arm may be called so.
inline constexpr std::string_view kHoldoutArm = "holdout";

enum class AssignedBy : std::uint8_t {
  kBucket,    // by the arithmetic; `arm` is null when the bucket is in none
  kOverride,  // by name
  kHoldout,   // no arm
};

struct Assignment {
  const Experiment* experiment = nullptr;
  const ExperimentArm* arm = nullptr;  // null: none
  std::uint32_t bucket = 0;  // of the experiment's buckets, also of those that an override or holdout took out
  AssignedBy by = AssignedBy::kBucket;
  bool generated = false;  // the unit was made for this request
  std::string_view unit;
};

// The experiments that a request takes part in, in the order of the host's list, and what the answer must carry.
struct Assignments {
  std::span<const Assignment> all;
  std::span<const std::string_view> set_cookies;  // whole values of Set-Cookie

  const Assignment* first() const { return all.empty() ? nullptr : all.data(); }
  // The one whose arm replaces the subset of a destination on `host` chosen by the rule named `route`.
  const Assignment* ForDestination(std::string_view host, std::string_view route) const;
};

// The arm that holds `bucket`; null when none does.
const ExperimentArm* FindArm(const Experiment& experiment, std::uint32_t bucket);

// The unit (user) as the experiment reads it; absent or empty means that the request names none: requests without a user
// must not all land in one bucket.
std::optional<std::string_view> FindUnit(const Experiment& experiment, const Head& request, std::string_view query);

// Removes x-ab-bucket, x-ab-experiment and x-ab-arm from the request, whoever set them, and sets them from the first
// experiment that takes part. `input.head` is `request`. `random` makes the ids of generated units.
Assignments AssignExperiments(std::span<const ExperimentId> ids, const std::vector<Experiment>& experiments,
                              Head& request, const RouteInput& input, BucketHasher& hasher, Random& random,
                              Arena& arena);

}  // namespace sluice::core

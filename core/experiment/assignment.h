// Which buckets and arms a request falls into, and the x-ab-* fields that say so (design.md section 2). Pure; the fields'
// text lies in the arena or the snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/arena.h"
#include "core/experiment/bucket_hasher.h"
#include "core/experiment/experiment.h"
#include "core/http/head.h"

namespace sluice::core {

inline constexpr std::size_t kExperimentsPerHostMax = 8;  // later ones are not looked at; validate refuses more

struct Assignment {
  const Experiment* experiment = nullptr;
  const ExperimentArm* arm = nullptr;  // null: the bucket is in no arm
  std::uint32_t bucket = 0;
};

// The experiments whose unit the request carries, in the order of the host's list.
class Assignments {
 public:
  void Add(const Assignment& assignment) {
    if (size_ < all_.size()) all_[size_++] = assignment;
  }
  std::span<const Assignment> all() const { return {all_.data(), size_}; }
  const Assignment* first() const { return size_ == 0 ? nullptr : all_.data(); }

  // The one whose arm replaces the subset of a destination on `host` chosen by the rule named `route`.
  const Assignment* ForDestination(std::string_view host, std::string_view route) const;

 private:
  std::array<Assignment, kExperimentsPerHostMax> all_;
  std::size_t size_ = 0;
};

// The arm that holds `bucket`; null when none does.
const ExperimentArm* FindArm(const Experiment& experiment, std::uint32_t bucket);

// The unit (user) as the experiment reads it; absent or empty means that the request takes no part: requests without
// a user must not all land in one bucket.
std::optional<std::string_view> FindUnit(const Experiment& experiment, const Head& request, std::string_view query);

// Removes x-ab-bucket, x-ab-experiment and x-ab-arm from `request`, whoever set them, and sets them from the first
// experiment that takes part.
Assignments AssignExperiments(std::span<const ExperimentId> ids, const std::vector<Experiment>& experiments,
                              Head& request, std::string_view query, BucketHasher& hasher, Arena& arena);

}  // namespace sluice::core

// Dense integer ids that do not mix: an index into one table of a Snapshot.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace sluice::core {

template <typename Tag>
struct StrongId {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t value = kNone;

  constexpr bool valid() const { return value != kNone; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
};

using ClusterId = StrongId<struct ClusterTag>;  // Snapshot::clusters
using RouteId = StrongId<struct RouteTag>;      // Snapshot::routes
using ExperimentId = StrongId<struct ExperimentTag>;
using MeterId = StrongId<struct MeterTag>;  // Snapshot::meters

}  // namespace sluice::core

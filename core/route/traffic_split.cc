#include "core/route/traffic_split.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/text_index.h"

namespace sluice::core {

const WeightedDestination& ChooseByDraw(std::span<const WeightedDestination> destinations, std::uint64_t draw) {
  const std::uint64_t total = destinations.back().cumulative;
  if (destinations.size() == 1 || total == 0) return destinations.front();
  const std::uint64_t point = draw % total;
  return *std::ranges::upper_bound(destinations, point, {}, &WeightedDestination::cumulative);
}

const WeightedDestination& ChooseByUser(std::span<const WeightedDestination> destinations, std::uint64_t user_hash) {
  const WeightedDestination* best = &destinations.front();
  double best_bid = std::numeric_limits<double>::infinity();
  for (const WeightedDestination& destination : destinations) {
    if (destination.weight == 0) continue;
    const std::uint64_t host = HashText(destination.host, user_hash + destination.port);
    const std::uint64_t hash = HashText(destination.subset, host);
    // Uniform in (0, 1), so -ln is exponential; divided by the weight, the smallest of all is this one with
    // probability weight / sum, and raising one weight can only pull users towards it.
    const double uniform = (static_cast<double>(hash >> 11) + 0.5) * 0x1.0p-53;
    const double bid = -std::log(uniform) / destination.weight;
    if (bid >= best_bid) continue;
    best_bid = bid;
    best = &destination;
  }
  return *best;
}

}  // namespace sluice::core

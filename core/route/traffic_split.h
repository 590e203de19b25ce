// Which of a rule's weighted destinations takes a request (istio-reference.md section 1.3, `weight`). Pure; any thread.
// A lone destination takes everything, whatever its weight.
#pragma once

#include <cstdint>
#include <span>

#include "core/route/route.h"

namespace sluice::core {

// `draw` modulo the sum of the weights falls into one of the cumulative intervals, in list order.
// `destinations` is not empty.
const WeightedDestination& ChooseByDraw(std::span<const WeightedDestination> destinations, std::uint64_t draw);

// The same user gets the same destination as long as weights stand; a change of weights moves only the users that the
// new shares demand (weighted rendezvous hashing: each destination bids for the user by name and weight). A destination
// is known by host, port and subset, so its place in the list does not matter.
const WeightedDestination& ChooseByUser(std::span<const WeightedDestination> destinations, std::uint64_t user_hash);

}  // namespace sluice::core

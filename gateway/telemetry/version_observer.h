// What an exchange tells about the version that was asked to answer it: for the meters of canaries and of experiments'
// arms. The worker's thread; no allocation, no lock.
#pragma once

#include <cstddef>

#include "core/telemetry/record.h"

namespace sluice::gateway {

// The exchange is over. Counts into the meter of the arm that has chosen the subset, else into that of the rule's
// destination; into none when nobody asks. Users that an override has put into an arm do not count there: they are not
// there by chance. Tunnels do not count: they last as long as people talk. `worker` counts from 0.
void ObserveVersion(const core::Record& record, std::size_t worker);

}  // namespace sluice::gateway

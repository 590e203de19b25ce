// Whether two rules do the same with a request, so that their order does not matter. Pure; any thread.
#pragma once

#include "core/route/route.h"

namespace sluice::core {

// Names, places and conditions of the rules aside. A rule with faults differs from every other.
bool SameOutcome(const Route& a, const Route& b);

}  // namespace sluice::core

// The tests that a change must pass before it is published (`sluice run --gate`). Reads the test files anew each time, so
// the control thread only.
#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "core/snapshot/snapshot.h"

namespace sluice::gateway {

// An error for every test that fails (SL3001, at its place) and for everything that is wrong with the files themselves: a
// gate that cannot be read lets nothing through. Empty: the snapshot may be published.
std::vector<config::Finding> RunGate(const std::vector<std::string>& files, const core::Snapshot& snapshot);

}  // namespace sluice::gateway

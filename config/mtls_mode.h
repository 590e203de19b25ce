// Which PeerAuthentication speaks for this process, and what it asks of a port (istio-reference.md section 3.3).
// Borrows from Documents. Used by the validator and by the compiler. One thread.
#pragma once

#include <cstdint>

#include "config/document.h"

namespace sluice::config {

struct MtlsDecision {
  MtlsMode mode = MtlsMode::kUnset;          // kUnset: nobody has said anything
  const PeerAuthentication* from = nullptr;  // null with kUnset
  Mark mark;                                 // of the mode that decides
};

// Whether the policy can speak for this process at all: in its namespace with a selector that means it or with none, or
// in the root namespace without selector.
bool SpeaksForUs(const PeerAuthentication& policy, const core::Settings::Identity& identity);

// The policy with a selector goes before the namespace's, that before the root namespace's; of several the first in
// file order. What one leaves unset the next decides.
MtlsDecision MtlsModeOf(const Documents& documents, std::uint16_t port);

}  // namespace sluice::config

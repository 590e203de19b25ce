// Workload ids: spiffe://<trust domain>/ns/<namespace>/sa/<service account>, exactly those parts (istio-reference.md
// section 3.4). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::core {

struct SpiffeId {
  std::string text;  // the whole URI; empty: none
  std::string trust_domain;
  std::string name_space;
  std::string service_account;

  // Without "spiffe://", as policies write it.
  std::string_view principal() const;

  // Nothing when `uri` is not exactly such an id: other schemes, more or fewer parts, empty parts, a query or fragment,
  // percent escapes, upper-case scheme or trust domain, control characters, over 2048 bytes (SPIFFE-ID section 2.3).
  static std::optional<SpiffeId> Parse(std::string_view uri);
};

}  // namespace sluice::core

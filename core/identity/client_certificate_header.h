// x-forwarded-client-cert, as Envoy writes it: who the client of this connection is, for the models behind. Never made
// from what a client sent. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/identity/peer_identity.h"

namespace sluice::core {

inline constexpr std::size_t kClientCertificateNamesMax = 16;  // of each kind; a certificate may hold a thousand

// By=<own URI>;Hash=<SHA-256>;Subject="...";URI=...;DNS=...: empty parts are left out. Names come out of a certificate:
// every byte that means something in this field or in HTTP is percent-encoded (reliability.md B17).
std::string FormatClientCertificate(const PeerIdentity& peer, std::string_view own_principal);

}  // namespace sluice::core

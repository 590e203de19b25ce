// Who is at the other end of a connection, as its verified handshake tells. Made once per handshake by tls/, immutable,
// owned by the connection; views handed out live as long as it does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/spiffe_id.h"

namespace sluice::core {

struct PeerIdentity {
  // The first URI SAN that is a SPIFFE id; its `text` is empty when the certificate has none.
  SpiffeId spiffe;
  std::string subject;                // RFC 2253 text of the subject, CTL and non-ASCII escaped
  std::vector<std::string> uri_sans;  // printable ASCII, as in the certificate; a certificate with others is refused
  std::vector<std::string> dns_sans;  // lower case
  std::string sha256;                 // of the DER certificate, lower-case hex
  // Of the certificate, seconds since the epoch.
  std::int64_t not_after = 0;

  // What logs and metrics call it: its SPIFFE id, else its first URI; empty when it has none.
  std::string_view name() const {
    if (!spiffe.text.empty()) return spiffe.text;
    return uri_sans.empty() ? std::string_view() : std::string_view(uri_sans.front());
  }
};

}  // namespace sluice::core

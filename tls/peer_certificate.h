// A peer's certificate, its chain verified already, as an identity; and what else a policy asks of it. One thread.
#pragma once

#include <openssl/x509.h>

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/identity/peer_identity.h"

namespace sluice::tls {

// An error when its names are malformed (names.h) or it has more than one SPIFFE id (X509-SVID section 2).
core::Result<core::PeerIdentity> ReadIdentity(const X509& certificate);

// SHA-256 of the DER certificate, lower-case hex; of its public key info, base64 (RFC 7469 section 2.4). Empty when
// memory is out.
std::string CertificateSha256(const X509& certificate);
std::string KeySha256(const X509& certificate);

// Seconds since the epoch; 0 when it cannot be read.
std::int64_t UnixTime(const ASN1_TIME& time);

// Hex, as authorities print it.
std::string SerialText(const X509& certificate);

// RFC 2253, everything but printable ASCII escaped.
std::string NameText(const X509_NAME& name);

}  // namespace sluice::tls

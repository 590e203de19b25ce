// Why a handshake failed or a secured connection was given up: one value per cause, each with a label for metrics and
// logs. The list is fixed, so that a peer cannot grow it. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class TlsFailure : std::uint8_t {
  kNone,
  // The peer's certificate.
  kNoCertificate,  // none was sent where one is required
  kExpired,
  kNotYetValid,
  kUnknownCa,  // leads to no authority that is trusted here
  kRevoked,
  kNoCrl,           // an issuer in the chain has no list of revoked certificates, or it is out of date
  kPurpose,         // not issued for this use (extended key usage), or an authority that must not issue
  kNameConstraint,  // names that its authority may not vouch for
  kChainTooLong,
  kBadSignature,  // or a key or digest that is too weak
  kNames,         // malformed: a NUL or other bytes that a name may not hold
  kNoIdentity,    // no SPIFFE id where a workload is required
  kTrustDomain,   // a workload of another trust domain
  kSan,           // none of the names that are asked for
  kPin,           // none of the keys or certificates that are asked for
  // The handshake.
  kVersion,   // no version that both allow
  kCipher,    // no cipher that both allow
  kNoServer,  // no server for the name that the client asks for
  kHelloTooLarge,
  kHelloMalformed,
  kPlaintext,       // plaintext where TLS is required
  kTlsOnPlaintext,  // TLS where none is spoken
  kTimeout,
  kPeerAlert,   // the peer refused us
  kPeerClosed,  // the peer ended the connection before the handshake was done
  kProtocol,    // anything else that breaks the protocol
  // Later.
  kRenegotiation,
  kKeyUpdateFlood,
  kCount,
};

inline constexpr std::size_t kTlsFailureCount = static_cast<std::size_t>(TlsFailure::kCount);

// Lower-case label, for example "expired"; static storage.
std::string_view TlsFailureText(TlsFailure failure);

}  // namespace sluice::core

#include "core/identity/tls_failure.h"

#include <array>

namespace sluice::core {
namespace {

constexpr std::array<std::string_view, kTlsFailureCount> kTexts = {
    "none",
    "no_certificate",
    "expired",
    "not_yet_valid",
    "unknown_ca",
    "revoked",
    "no_crl",
    "purpose",
    "name_constraint",
    "chain_too_long",
    "bad_signature",
    "names",
    "no_identity",
    "trust_domain",
    "san",
    "pin",
    "version",
    "cipher",
    "no_server",
    "hello_too_large",
    "hello_malformed",
    "plaintext",
    "tls_on_plaintext",
    "timeout",
    "peer_alert",
    "peer_closed",
    "protocol",
    "renegotiation",
    "key_update_flood",
};

}  // namespace

std::string_view TlsFailureText(TlsFailure failure) { return kTexts[static_cast<std::size_t>(failure)]; }

}  // namespace sluice::core

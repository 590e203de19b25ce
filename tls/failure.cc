#include "tls/failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace sluice::tls {
namespace {

// Reasons of the SSL library; those from this number on are alerts of the peer.
constexpr int kAlertReasons = SSL_AD_REASON_OFFSET;

Failure FailureOfReason(int reason) {
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return Failure::kNoCertificate;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_INAPPROPRIATE_FALLBACK: return Failure::kVersion;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE: return Failure::kCipher;
    case SSL_R_WRONG_VERSION_NUMBER:  // of a record: whoever sends these bytes speaks something else
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return Failure::kPlaintext;
    case SSL_R_TOO_MANY_KEY_UPDATES: return Failure::kKeyUpdateFlood;
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK: return Failure::kBadSignature;
    default: return reason >= kAlertReasons ? Failure::kPeerAlert : Failure::kProtocol;
  }
}

}  // namespace

Failure FailureOfVerifyError(int x509_error) {
  switch (x509_error) {
    case X509_V_OK: return Failure::kNone;
    case X509_V_ERR_CERT_HAS_EXPIRED: return Failure::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Failure::kNotYetValid;
    case X509_V_ERR_CERT_REVOKED: return Failure::kRevoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE: return Failure::kNoCrl;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_CERT_UNTRUSTED: return Failure::kPurpose;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: return Failure::kNameConstraint;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return Failure::kChainTooLong;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return Failure::kBadSignature;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return Failure::kUnknownCa;
    default: return Failure::kProtocol;
  }
}

Failure TakeFailure() {
  // The first one is the cause; what follows was said on the way up.
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return Failure::kProtocol;
  return ERR_GET_LIB(error) == ERR_LIB_SSL ? FailureOfReason(ERR_GET_REASON(error)) : Failure::kProtocol;
}

}  // namespace sluice::tls

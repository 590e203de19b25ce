#include "tls/failure.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace sluice::tls {
namespace {

Failure Taken(int library, int reason) {
  ERR_clear_error();
  ERR_raise(library, reason);
  return TakeFailure();
}

TEST(Failure, ReasonsOfTheHandshakeHaveTheirCause) {
  const std::pair<int, Failure> expected[] = {
      {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, Failure::kNoCertificate},
      {SSL_R_UNSUPPORTED_PROTOCOL, Failure::kVersion},
      {SSL_R_NO_SHARED_CIPHER, Failure::kCipher},
      {SSL_R_HTTP_REQUEST, Failure::kPlaintext},
      {SSL_R_WRONG_VERSION_NUMBER, Failure::kPlaintext},  // bytes that are no record
      {SSL_R_TOO_MANY_KEY_UPDATES, Failure::kKeyUpdateFlood},
      {SSL_R_TLSV1_ALERT_UNKNOWN_CA, Failure::kPeerAlert},
      {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, Failure::kPeerAlert},
      {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, Failure::kPeerAlert},
      {SSL_R_EE_KEY_TOO_SMALL, Failure::kBadSignature},
      {SSL_R_UNEXPECTED_MESSAGE, Failure::kProtocol},
  };
  for (const auto& [reason, failure] : expected) EXPECT_EQ(Taken(ERR_LIB_SSL, reason), failure) << reason;
}

TEST(Failure, NumbersOfOtherLibrariesMeanOtherThings) {
  EXPECT_EQ(Taken(ERR_LIB_X509, SSL_R_NO_SHARED_CIPHER), Failure::kProtocol);
}

TEST(Failure, TheFirstErrorCountsAndTheQueueIsLeftEmpty) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  ERR_raise(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL);
  EXPECT_EQ(TakeFailure(), Failure::kCipher);
  EXPECT_EQ(ERR_peek_error(), 0U);
  EXPECT_EQ(TakeFailure(), Failure::kProtocol) << "no error at all is still a failure";
}

TEST(Failure, FindingsAboutAChainHaveTheirCause) {
  const std::pair<int, Failure> expected[] = {
      {X509_V_OK, Failure::kNone},
      {X509_V_ERR_CERT_HAS_EXPIRED, Failure::kExpired},
      {X509_V_ERR_CERT_NOT_YET_VALID, Failure::kNotYetValid},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, Failure::kUnknownCa},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, Failure::kUnknownCa},
      {X509_V_ERR_CERT_REVOKED, Failure::kRevoked},
      {X509_V_ERR_UNABLE_TO_GET_CRL, Failure::kNoCrl},
      {X509_V_ERR_CRL_HAS_EXPIRED, Failure::kNoCrl},
      {X509_V_ERR_INVALID_PURPOSE, Failure::kPurpose},
      {X509_V_ERR_INVALID_CA, Failure::kPurpose},
      {X509_V_ERR_PERMITTED_VIOLATION, Failure::kNameConstraint},
      {X509_V_ERR_PATH_LENGTH_EXCEEDED, Failure::kChainTooLong},
      {X509_V_ERR_CERT_SIGNATURE_FAILURE, Failure::kBadSignature},
      {X509_V_ERR_OUT_OF_MEM, Failure::kProtocol},
  };
  for (const auto& [error, failure] : expected) EXPECT_EQ(FailureOfVerifyError(error), failure) << error;
}

}  // namespace
}  // namespace sluice::tls

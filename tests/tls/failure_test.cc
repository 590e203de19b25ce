#include "tls/failure.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace sluice::tls {
namespace {

Failure After(int library, int reason) {
  ERR_clear_error();
  ERR_raise(library, reason);
  return TakeFailure();
}

TEST(Failure, EveryVerdictOnAChainHasACause) {
  EXPECT_EQ(FailureOfVerifyError(X509_V_OK), Failure::kNone);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_CERT_HAS_EXPIRED), Failure::kExpired);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY), Failure::kUnknownCa);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_CERT_REVOKED), Failure::kRevoked);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_CRL_HAS_EXPIRED), Failure::kNoCrl);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_INVALID_PURPOSE), Failure::kPurpose);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_PERMITTED_VIOLATION), Failure::kNameConstraint);
  EXPECT_EQ(FailureOfVerifyError(X509_V_ERR_CERT_SIGNATURE_FAILURE), Failure::kBadSignature);
  for (int error = 1; error < 100; ++error) EXPECT_NE(FailureOfVerifyError(error), Failure::kNone) << error;
}

TEST(Failure, IsReadOffTheQueueWhichIsEmptyAfterwards) {
  EXPECT_EQ(After(ERR_LIB_SSL, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE), Failure::kNoCertificate);
  EXPECT_EQ(After(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL), Failure::kVersion);
  EXPECT_EQ(After(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER), Failure::kCipher);
  EXPECT_EQ(After(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + SSL_AD_BAD_CERTIFICATE), Failure::kPeerAlert);
  EXPECT_EQ(After(ERR_LIB_SSL, SSL_R_BAD_EXTENSION), Failure::kProtocol);
  EXPECT_EQ(ERR_peek_error(), 0UL);
  EXPECT_NE(TakeFailure(), Failure::kNone) << "a failure without a word is one all the same";
}

}  // namespace
}  // namespace sluice::tls

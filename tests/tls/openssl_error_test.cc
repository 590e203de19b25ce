#include "tls/openssl_error.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sluice::tls {
namespace {

TEST(OpensslError, TellsTheFirstReasonAndLeavesNothing) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  EXPECT_EQ(TakeErrorText(), "no shared cipher");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(OpensslError, SaysSoWhenThereIsNone) {
  ERR_clear_error();
  EXPECT_EQ(TakeErrorText(), "unknown error");
}

}  // namespace
}  // namespace sluice::tls

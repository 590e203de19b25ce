#include "tls/ticket_keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>

#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

using MacPtr = OpensslPtr<EVP_MAC, EVP_MAC_free>;
using MacContextPtr = OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using CipherContextPtr = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

// What OpenSSL hands to the callback.
struct Ticket {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
};

class TicketKeysTest : public testing::Test {
 protected:
  int Seal(TicketKeys& keys, Ticket& ticket) {
    const MacContextPtr mac(EVP_MAC_CTX_new(mac_.get()));
    return keys.Seal(ticket.name.data(), ticket.iv.data(), cipher_.get(), mac.get());
  }
  int Open(TicketKeys& keys, const Ticket& ticket) {
    const MacContextPtr mac(EVP_MAC_CTX_new(mac_.get()));
    return keys.Open(ticket.name.data(), ticket.iv.data(), cipher_.get(), mac.get());
  }

  MacPtr mac_{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  CipherContextPtr cipher_{EVP_CIPHER_CTX_new()};
  core::TimePoint start_{core::Seconds(1000)};
};

TEST_F(TicketKeysTest, WhatIsSealedIsOpened) {
  TicketKeys keys;
  ASSERT_TRUE(keys.usable());
  Ticket ticket;
  EXPECT_EQ(Seal(keys, ticket), 1);
  EXPECT_EQ(Open(keys, ticket), 1);
  TicketKeys others;
  EXPECT_EQ(Open(others, ticket), 0);
}

TEST_F(TicketKeysTest, AKeyIsReplacedAndOpensForOneLifeMore) {
  TicketKeys keys;
  keys.Rotate(start_);
  Ticket ticket;
  Seal(keys, ticket);

  keys.Rotate(start_ + TicketKeys::kLife - core::Seconds(1));
  EXPECT_EQ(Open(keys, ticket), 1) << "its time has not come";
  keys.Rotate(start_ + TicketKeys::kLife);
  EXPECT_EQ(Open(keys, ticket), 2) << "a new ticket is due";
  keys.Rotate(start_ + 2 * TicketKeys::kLife);
  EXPECT_EQ(Open(keys, ticket), 0);
}

TEST_F(TicketKeysTest, AfterALongSleepNoOldKeyIsKept) {
  TicketKeys keys;
  keys.Rotate(start_);
  Ticket ticket;
  Seal(keys, ticket);

  keys.Rotate(start_ + 5 * TicketKeys::kLife);

  EXPECT_EQ(Open(keys, ticket), 0);
}

}  // namespace
}  // namespace sluice::tls

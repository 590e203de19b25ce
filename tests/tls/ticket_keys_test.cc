#include "tls/ticket_keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <string>

#include "tests/support/manual_clock.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

// The ticket callback as OpenSSL calls it: a ticket is a name, an initial value, ciphertext and a MAC.
struct Ticket {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
  std::string sealed;
  std::string mac;
};

using CipherPtr = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

struct Machine {
  CipherPtr cipher{EVP_CIPHER_CTX_new()};
  OpensslPtr<EVP_MAC, EVP_MAC_free> method{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free> mac{EVP_MAC_CTX_new(method.get())};

  std::string Mac(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    std::size_t size = 0;
    EXPECT_EQ(EVP_MAC_init(mac.get(), nullptr, 0, nullptr), 1);
    EXPECT_EQ(EVP_MAC_update(mac.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
    EXPECT_EQ(EVP_MAC_final(mac.get(), out.data(), &size, out.size()), 1);
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  std::string Run(const std::string& text) {
    std::string out(text.size() + EVP_MAX_BLOCK_LENGTH, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    int first = 0;
    int last = 0;
    EXPECT_EQ(EVP_CipherUpdate(cipher.get(), to, &first, reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size())),
              1);
    EXPECT_EQ(EVP_CipherFinal_ex(cipher.get(), to + first, &last), 1);
    out.resize(static_cast<std::size_t>(first + last));
    return out;
  }
};

Ticket Seal(TicketKeys& keys, const std::string& session) {
  Ticket ticket;
  Machine machine;
  EXPECT_EQ(keys.Seal(ticket.name.data(), ticket.iv.data(), machine.cipher.get(), machine.mac.get()), 1);
  ticket.sealed = machine.Run(session);
  ticket.mac = machine.Mac(ticket.sealed);
  return ticket;
}

// The callback's answer; the session too when it could be opened.
int Open(TicketKeys& keys, const Ticket& ticket, std::string* session = nullptr) {
  Machine machine;
  const int answer = keys.Open(ticket.name.data(), ticket.iv.data(), machine.cipher.get(), machine.mac.get());
  if (answer <= 0) return answer;
  EXPECT_EQ(machine.Mac(ticket.sealed), ticket.mac);
  if (session != nullptr) *session = machine.Run(ticket.sealed);
  return answer;
}

struct TicketKeysTest : testing::Test {
  ManualClock clock;
  TicketKeys keys;

  void Age(core::Duration time) {
    clock.Advance(time);
    keys.Rotate(clock.Now());
  }
};

TEST_F(TicketKeysTest, WhatWasSealedIsOpened) {
  ASSERT_TRUE(keys.usable());
  std::string session;
  EXPECT_EQ(Open(keys, Seal(keys, "a session of some length"), &session), 1);
  EXPECT_EQ(session, "a session of some length");
}

TEST_F(TicketKeysTest, EveryTicketHasAnInitialValueOfItsOwn) {
  EXPECT_NE(Seal(keys, "same").iv, Seal(keys, "same").iv);
  EXPECT_NE(Seal(keys, "same").sealed, Seal(keys, "same").sealed);
}

TEST_F(TicketKeysTest, AnotherRingOpensNothing) {
  TicketKeys other;
  EXPECT_EQ(Open(other, Seal(keys, "x")), 0);
}

TEST_F(TicketKeysTest, AKeyIsReplacedAtTheEndOfItsLifeAndOpensForOneMore) {
  Age({});
  const Ticket first = Seal(keys, "x");
  Age(TicketKeys::kLife - core::Seconds(1));
  EXPECT_EQ(Open(keys, first), 1);
  Age(core::Seconds(1));
  EXPECT_EQ(Open(keys, first), 2) << "opened, and a new ticket is due";
  const Ticket second = Seal(keys, "x");
  EXPECT_NE(second.name, first.name);
  EXPECT_EQ(Open(keys, second), 1);
  Age(TicketKeys::kLife);
  EXPECT_EQ(Open(keys, first), 0);
  EXPECT_EQ(Open(keys, second), 2);
}

TEST_F(TicketKeysTest, CallingOftenChangesNothing) {
  Age({});
  const Ticket ticket = Seal(keys, "x");
  for (int i = 0; i < 100; ++i) Age(core::Seconds(1));
  EXPECT_EQ(Open(keys, ticket), 1);
}

TEST_F(TicketKeysTest, AfterALongSleepTheOldKeyIsForgotten) {
  Age({});
  const Ticket ticket = Seal(keys, "x");
  Age(2 * TicketKeys::kLife);
  EXPECT_EQ(Open(keys, ticket), 0);
}

}  // namespace
}  // namespace sluice::tls

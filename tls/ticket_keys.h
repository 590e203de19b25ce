// The keys that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1): made at random, replaced every
// kLife, and good for opening for one life more. One ring per server policy; a change of trust gets a new ring, so that
// no ticket outlives it (reliability.md C4, C5). Any thread: workers seal and open, the control thread rotates.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <mutex>
#include <optional>

#include "core/base/clock.h"

namespace sluice::tls {

class TicketKeys {
 public:
  static constexpr core::Duration kLife = core::Seconds(12 * 3600);

  TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Replaces the key when its time has come; to be called now and then.
  void Rotate(core::TimePoint now);

  // False when the system gave no randomness: then no ticket is made or taken.
  bool usable() const;

  // OpenSSL's ticket callback (SSL_CTX_set_tlsext_ticket_key_evp_cb): 1 sealed or opened, 2 opened with the old key,
  // so that a new ticket is due, 0 not ours, -1 failed.
  int Seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int Open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  static constexpr std::size_t kNameBytes = 16;
  static constexpr std::size_t kKeyBytes = 32;

  struct Key {
    std::array<unsigned char, kNameBytes> name{};
    std::array<unsigned char, kKeyBytes> cipher{};
    std::array<unsigned char, kKeyBytes> mac{};
  };
  static std::optional<Key> Make();

  // Guarded by mutex_, held for a copy only. Writer: the control thread. Readers: workers, once per full handshake.
  mutable std::mutex mutex_;
  std::optional<Key> current_;
  std::optional<Key> previous_;
  std::optional<core::TimePoint> made_;
};

}  // namespace sluice::tls

#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace sluice::tls {
namespace {

// HMAC-SHA-256 with this key.
bool StartMac(EVP_MAC_CTX* mac, std::span<unsigned char> key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
                                   OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys() : current_(Make()) {}

std::optional<TicketKeys::Key> TicketKeys::Make() {
  Key key;
  const auto fill = [](auto& bytes) { return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1; };
  if (!fill(key.name) || !fill(key.cipher) || !fill(key.mac)) return std::nullopt;
  return key;
}

void TicketKeys::Rotate(core::TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (!made_) made_ = now;
  if (now - *made_ < kLife) return;
  // A process that slept for more than a life has no use for the old key either.
  previous_ = now - *made_ < 2 * kLife ? current_ : std::nullopt;
  current_ = Make();
  made_ = now;
}

bool TicketKeys::usable() const {
  const std::scoped_lock lock(mutex_);
  return current_.has_value();
}

int TicketKeys::Seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  std::optional<Key> key;
  {
    const std::scoped_lock lock(mutex_);
    key = current_;
  }
  if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  std::ranges::copy(key->name, name);
  if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return -1;
  return StartMac(mac, key->mac) ? 1 : -1;
}

int TicketKeys::Open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  std::optional<Key> key;
  bool renew = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto called = [name](const std::optional<Key>& candidate) {
      return candidate && std::memcmp(candidate->name.data(), name, kNameBytes) == 0;
    };
    renew = called(previous_);
    if (renew || called(current_)) key = renew ? previous_ : current_;
  }
  if (!key) return 0;
  if (!StartMac(mac, key->mac)) return -1;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return -1;
  return renew ? 2 : 1;
}

}  // namespace sluice::tls

#include "core/http/websocket_handshake.h"

#include <openssl/evp.h>

#include <cstring>
#include <string>

#include "core/base/check.h"

namespace sluice::core {
namespace {

// RFC 6455 section 1.3: what makes an answer that only this protocol would give.
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

std::array<char, 28> WebsocketAccept(std::string_view key) {
  std::array<unsigned char, 20> digest{};
  unsigned int size = 0;
  std::string text(key);
  text += kAcceptSuffix;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1 && size == digest.size());
  std::array<unsigned char, 29> encoded;  // with the zero that EVP_EncodeBlock adds
  CHECK(EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size())) == 28);
  std::array<char, 28> accept;
  std::memcpy(accept.data(), encoded.data(), accept.size());
  return accept;
}

std::string_view NewWebsocketKey(Random& random, Arena& arena) {
  std::array<unsigned char, 16> nonce;
  for (std::size_t i = 0; i < nonce.size(); i += 8) {
    const std::uint64_t word = random.Next();
    std::memcpy(nonce.data() + i, &word, sizeof word);
  }
  auto* const text = reinterpret_cast<unsigned char*>(arena.AllocateArray<char>(kWebsocketKeySize + 1));
  CHECK(EVP_EncodeBlock(text, nonce.data(), static_cast<int>(nonce.size())) == static_cast<int>(kWebsocketKeySize));
  return {reinterpret_cast<const char*>(text), kWebsocketKeySize};
}

}  // namespace sluice::core

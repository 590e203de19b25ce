// The beginning of a TLS connection as it is on the wire, looked at before a context is chosen for it: which server the
// client asks for (RFC 8446 section 4.1.2, RFC 6066 section 3). OpenSSL reads the same bytes again and has the last
// word on whether they are right. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::tls {

// Records and message together; browsers send under 2 KiB, with post-quantum key shares.
inline constexpr std::size_t kClientHelloMax = 16 * 1024;

struct ClientHello {
  std::string server_name;  // lower case; empty: none sent
};

enum class HelloState : std::uint8_t { kIncomplete, kComplete, kMalformed, kTooLarge };

// Whether the bytes could begin a TLS connection: a handshake record of any version.
bool LooksLikeTls(std::string_view bytes);

// `bytes` is what came so far, from the first byte on. Fills `hello` when complete.
HelloState ReadClientHello(std::string_view bytes, ClientHello& hello);

}  // namespace sluice::tls

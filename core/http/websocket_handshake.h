// The handshake of WebSocket (RFC 6455 section 1.3), for whoever carries one between versions of HTTP that have it and
// those that have not (RFC 8441 section 5). No state; any thread.
#pragma once

#include <array>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/random.h"

namespace sluice::core {

// What a server has to answer to a Sec-WebSocket-Key: 28 characters of base64.
std::array<char, 28> WebsocketAccept(std::string_view key);
inline constexpr std::size_t kWebsocketKeySize = 24;

// A new Sec-WebSocket-Key. It guards against servers that do not know what they agree to, not against guessing.
std::string_view NewWebsocketKey(Random& random, Arena& arena);

}  // namespace sluice::core

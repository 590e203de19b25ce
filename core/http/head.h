// The head of a message, free of any wire version: what was asked or answered, plus the end-to-end fields.
// Text lies in the arena of the headers. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/http/header_map.h"
#include "core/http/wire.h"

namespace sluice::core {

struct Head {
  explicit Head(Arena& arena) : headers(arena) {}

  // Request side. `authority` is Host or :authority as sent, port included; `path` is the target with its query.
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;

  // Response side; 0 in a request.
  std::uint16_t status = 0;

  // For the access log only: "HTTP/1.1". Nothing may decide on it above the codec. Static storage.
  std::string_view protocol;

  // How it came, for clusters with useClientProtocol. Nothing else may decide on it above the codec.
  Wire wire = Wire::kHttp1;

  // Declared body length; absent means "until the end of the stream" (chunked, or read to the close).
  std::optional<std::uint64_t> content_length;

  // What takes the stream over once it is agreed to with a 101: asked for in a request, agreed to in that answer
  // (Upgrade, RFC 9110 section 7.8; :protocol, RFC 8441). Lower case; empty: none. The body of either direction then is
  // what that protocol sends, and each ends by itself.
  std::string_view upgrade;

  // Without hop-by-hop and framing fields: no Connection, Transfer-Encoding, Content-Length, Host.
  HeaderMap headers;

  bool is_request() const { return status == 0; }
  // A 101 is final: no other head follows it.
  bool is_informational() const { return status >= 100 && status < 200 && status != 101; }
};

}  // namespace sluice::core

// Writes HTTP/1 heads, chunk lines and trailers into a SliceQueue. The only place where fields become bytes, so the
// only place that must refuse what could split a message (reliability.md B17). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/slice.h"
#include "core/http/head.h"

namespace sluice::gateway {

// The fields that the codec itself adds to a head.
struct H1Framing {
  std::optional<std::uint64_t> length = std::nullopt;  // Content-Length
  bool chunked = false;                                // Transfer-Encoding: chunked
  bool close = false;                                  // Connection: close
  bool keep_alive = false;                             // Connection: keep-alive, for peers of version 1.0
  std::string_view upgrade = {};                       // Connection: upgrade, and this in Upgrade
  std::string_view websocket_accept = {};              // Sec-WebSocket-Accept
};

// False when a text holds a byte that may not stand there; nothing is written then. Fields of the connection itself
// (core::IsHopByHop) are left out, whoever put them into the head.
bool WriteRequestHead(core::SliceQueue& out, const core::Head& head, const H1Framing& framing);
bool WriteResponseHead(core::SliceQueue& out, const core::Head& head, const H1Framing& framing);

// The line before and the CRLF behind a piece of a chunked body, and the piece; `last` adds the last chunk.
void WriteChunk(core::SliceQueue& out, core::Slice bytes, bool last);

// The last chunk with `trailers` behind it. False, and only the last chunk written, when a text is refused.
bool WriteTrailers(core::SliceQueue& out, const core::HeaderMap& trailers);

}  // namespace sluice::gateway

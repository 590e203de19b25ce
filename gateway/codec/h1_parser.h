// Turns the complete block of an HTTP/1 head into a core::Head: a strict reading of the raw bytes, a second reader for
// heads whose end could be contested, then the rules of reliability.md section 1. No state; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "core/http/framing.h"
#include "core/http/head.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

// What a codec needs of a head beyond core::Head.
struct H1Facts {
  core::BodyRule body;
  bool version_11 = true;
  bool keep_alive = true;        // the peer wants the connection to go on
  bool to_head_request = false;  // request side: the method is HEAD
};

// `block` is the whole head from the start line to the empty line, in the arena of `head`; names are folded in place
// and the head's text points into it. `head` is empty before; on a fault it may be half filled.
std::expected<H1Facts, ProtocolFault> ParseRequestHead(char* block, std::size_t size, const CodecLimits& limits,
                                                       core::Head& head);

// `to_head`: the request asked by HEAD, so no body follows whatever the fields say.
std::expected<H1Facts, ProtocolFault> ParseResponseHead(char* block, std::size_t size, const CodecLimits& limits,
                                                        bool to_head, core::Head& head);

}  // namespace sluice::gateway

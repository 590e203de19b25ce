// Reads a head a second time with Boost.Beast's parser, which shares no line with our own lexer: where a message ends is
// passed on only when two independent readers see the same fields (reliability.md section 1). No state; one thread.
#pragma once

#include <expected>
#include <string_view>

#include "core/http/head.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

// Whether readers have been known to disagree about such a head: it names a transfer coding or another protocol, or its
// length more than once. `head` as it was lexed, before any field is removed.
bool IsContested(const core::Head& head);

// `block` is the whole head from the start line to the empty line, `head` what our lexer made of it (before any field is
// removed); a request when head.status is 0. A fault when Beast refuses the block or sees anything else in it.
std::expected<void, ProtocolFault> ReadAgain(std::string_view block, const core::Head& head);

}  // namespace sluice::gateway

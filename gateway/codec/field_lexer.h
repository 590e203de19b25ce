// The strict reading of field lines that heads and trailer sections share. One thread.
#pragma once

#include <cstddef>
#include <expected>

#include "core/http/header_map.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

// `text` holds complete lines, each ended by LF, the last one empty (HeadScanner has seen to that), and lies in the
// arena of `fields`. Names are folded in place.
// Refuses folded lines, names that are no tokens (so also a blank before the colon), control bytes in values: 400;
// names longer than `name_max`: 431.
std::expected<void, ProtocolFault> LexFields(char* text, std::size_t size, std::uint32_t name_max,
                                             core::HeaderMap& fields);

}  // namespace sluice::gateway

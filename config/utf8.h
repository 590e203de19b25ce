// Whether bytes are UTF-8 (RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF). Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::config {

// Offset of the first byte that does not begin a well-formed sequence; nullopt when there is none.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

}  // namespace sluice::config

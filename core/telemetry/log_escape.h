// Escaping of foreign text for one-line logs: nothing that a client writes can end a line, a string or a field, and
// the result is always valid UTF-8 (reliability.md D5). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class LogEscape : std::uint8_t {
  kJson,      // content of a JSON string: \" \\ \n \u00XX; a byte that is not UTF-8 becomes \\xHH
  kQuoted,    // text between double quotes: " \ controls and bad bytes become \xHH
  kUnquoted,  // the same, and blanks too: the field stays one word
};

// Writes `text` escaped to `out`, at most `max` bytes, never half an escape or half a character; returns the new end.
char* EscapeForLog(std::string_view text, LogEscape mode, char* out, std::size_t max);

}  // namespace sluice::core

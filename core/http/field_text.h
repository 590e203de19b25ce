// Which bytes may stand in field names and values, and folding of names in place. Shared by every reader and writer
// of fields, so that what one accepts the other can send. No state; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::core {

// 0 for bytes that are not tchar (RFC 9110 section 5.6.2), else the byte in lower case.
inline constexpr std::array<char, 256> kTokenFold = [] {
  std::array<char, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = c;
  }
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = static_cast<char>(c + 32);
  return table;
}();

inline char FoldToken(char c) { return kTokenFold[static_cast<unsigned char>(c)]; }

// Bytes of a field value: printable, SP, HTAB and obs-text; no other control byte (RFC 9110 section 5.5).
// So CR, LF and NUL are never among them.
bool IsFieldText(std::string_view text);
// The first byte of [at, end) that is none of these; `end` when all are.
const char* SkipFieldText(const char* at, const char* end);

// The same without blanks: what may stand in a method, a target or an authority as text on a line.
bool IsVisibleText(std::string_view text);

// Folds `size` bytes to lower case in place. False when one of them is not a tchar or there is none.
bool FoldName(char* name, std::size_t size);

}  // namespace sluice::core

// Bytes and numbers as lower-case hexadecimal digits. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::core {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

inline std::string ToHex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

// Sixteen digits, the highest first; returns where the next text goes.
inline char* WriteHex(std::uint64_t number, char* out) {
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kHexDigits[(number >> shift) & 15];
  return out;
}

}  // namespace sluice::core

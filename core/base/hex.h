// Bytes and numbers as lower-case hexadecimal digits. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sluice::core {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

// The two digits of every byte.
inline constexpr std::array<std::array<char, 2>, 256> kHexPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  return pairs;
}();

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
  for (int shift = 56; shift >= 0; shift -= 8, out += 2)
    std::memcpy(out, kHexPairs[(number >> shift) & 0xff].data(), 2);
  return out;
}

}  // namespace sluice::core

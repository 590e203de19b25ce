// Copies short text: names and values of header fields are mostly below 32 bytes, where a call of memcpy costs more than
// the moves. Pure; any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::core {

// Writes `text` at `out`, which must have room for it and not overlap it. Returns the end of what was written.
inline char* CopyText(char* out, std::string_view text) {
  const char* const from = text.data();
  const std::size_t size = text.size();
  // Two moves that may overlap cover every size from one word to two.
  const auto ends = [&]<typename Word>(Word) {
    Word first;
    Word last;
    std::memcpy(&first, from, sizeof(Word));
    std::memcpy(&last, from + size - sizeof(Word), sizeof(Word));
    std::memcpy(out, &first, sizeof(Word));
    std::memcpy(out + size - sizeof(Word), &last, sizeof(Word));
  };
  struct Half {
    std::uint64_t words[2];
  };
  if (size > 2 * sizeof(Half)) {
    std::memcpy(out, from, size);
  } else if (size >= sizeof(Half)) {
    ends(Half{});
  } else if (size >= 8) {
    ends(std::uint64_t{});
  } else if (size >= 4) {
    ends(std::uint32_t{});
  } else if (size >= 2) {
    ends(std::uint16_t{});
  } else if (size == 1) {
    *out = *from;
  }
  return out + size;
}

}  // namespace sluice::core

#include "core/http/field_text.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::core {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

// A high bit for (at least) every byte below `limit`; exact for the question "is there any" (limit <= 128).
constexpr std::uint64_t BytesBelow(std::uint64_t word, std::uint64_t limit) {
  return (word - kOnes * limit) & ~word & kHighs;
}

constexpr std::uint64_t BytesEqual(std::uint64_t word, std::uint64_t byte) {
  return BytesBelow(word ^ kOnes * byte, 1);
}

constexpr bool IsText(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

bool IsVisible(char c) { return IsText(c) && c != ' ' && c != '\t'; }

std::uint64_t WordAt(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  return word;
}

// Eight bytes at a time: values are most of a head, and almost all of them hold no control byte at all. The last word
// may overlap the one before. False when there is a byte below `kLimit`, a DEL, or less than one word.
template <std::uint64_t kLimit>
bool IsPlain(std::string_view text) {
  if (text.size() < 8) return false;
  const char* const last = text.data() + text.size() - 8;
  std::uint64_t suspects = 0;
  const auto look = [&suspects](const char* at) {
    const std::uint64_t word = WordAt(at);
    suspects |= BytesBelow(word, kLimit) | BytesEqual(word, 0x7f);
  };
  for (const char* at = text.data(); at < last; at += 8) look(at);
  look(last);
  return suspects == 0;
}

}  // namespace

bool IsFieldText(std::string_view text) {
  // A suspect may be only a HTAB.
  return IsPlain<0x20>(text) || std::ranges::all_of(text, IsText);
}

const char* SkipFieldText(const char* at, const char* end) {
  // The lowest byte of a word is the first in memory; there alone the marks of BytesBelow are exact one by one.
  static_assert(std::endian::native == std::endian::little);
  while (end - at >= 8) {
    const std::uint64_t word = WordAt(at);
    const std::uint64_t suspects = BytesBelow(word, 0x20) | BytesEqual(word, 0x7f);
    if (suspects == 0) {
      at += 8;
      continue;
    }
    at += std::countr_zero(suspects) / 8;
    if (!IsText(*at)) return at;
    ++at;  // a HTAB
  }
  return std::find_if_not(at, end, IsText);
}

bool IsVisibleText(std::string_view text) { return IsPlain<0x21>(text) || std::ranges::all_of(text, IsVisible); }

bool FoldName(char* name, std::size_t size) {
  if (size == 0) return false;
  bool good = true;
  for (std::size_t i = 0; i < size; ++i) {
    const char folded = FoldToken(name[i]);
    good = good && folded != 0;
    name[i] = folded;
  }
  return good;
}

}  // namespace sluice::core

#include "core/http/field_text.h"

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

bool IsTextSlow(std::string_view text) {
  for (const char c : text) {
    if (!IsText(c)) return false;
  }
  return true;
}

// Eight bytes at a time: values are most of a head, and almost all of them hold no control byte at all.
template <std::uint64_t kLimit>
bool IsPlain(std::string_view& text) {
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    if ((BytesBelow(word, kLimit) | BytesEqual(word, 0x7f)) != 0) return false;
    text.remove_prefix(8);
  }
  return true;
}

}  // namespace

bool IsFieldText(std::string_view text) {
  // A word with a suspect in it (perhaps only a HTAB) sends the rest the slow way.
  IsPlain<0x20>(text);
  return IsTextSlow(text);
}

bool IsVisibleText(std::string_view text) {
  if (!IsPlain<0x21>(text)) return false;
  for (const char c : text) {
    if (!IsText(c) || c == ' ' || c == '\t') return false;
  }
  return true;
}

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

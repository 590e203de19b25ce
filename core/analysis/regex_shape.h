// A regular expression taken apart, as far as its language over printable ASCII goes: what a text must look like, and
// nothing about groups or greed. Part of the analysis of rules, never of the request path. Pure; one thread.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::core {

using ByteSet = std::bitset<128>;

// The bytes that the analysis speaks of. RE2 reads characters; on these, bytes and characters are the same.
inline constexpr unsigned char kFirstByte = 0x20;
inline constexpr unsigned char kLastByte = 0x7e;

struct RegexShape {
  enum class Kind : unsigned char { kBytes, kConcat, kAlternate, kRepeat, kBegin, kEnd };
  static constexpr int kUnbounded = -1;

  Kind kind = Kind::kConcat;  // of nothing: the empty text
  ByteSet bytes{};            // kBytes
  int min = 0;                // kRepeat
  int max = kUnbounded;       // kRepeat
  std::vector<RegexShape> parts{};
};

// Nothing where the pattern uses what this does not model: \b, \p{..}, \Q..\E, \C, characters beyond ASCII. `pattern`
// must compile with RE2.
std::optional<RegexShape> ParseRegexShape(std::string_view pattern);

}  // namespace sluice::core

// Regular expressions of rules, all by RE2: linear time whatever the input. The one place that knows the library.
// Compiled expressions are immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/result.h"

namespace re2 {
class RE2;
}

namespace sluice::core {

// Limits of reliability.md D3: expressions and inputs are bounded, so is the memory of one expression.
inline constexpr std::size_t kRegexLengthMax = 1024;         // characters of the pattern
inline constexpr int kRegexProgramMax = 1000;                // RE2 instructions
inline constexpr std::size_t kRegexInputMax = 8 * 1024;      // longer input does not match
inline constexpr std::size_t kRewrittenPathMax = 64 * 1024;  // what a replacement may grow a path to

using CompiledRegex = std::shared_ptr<const re2::RE2>;

// For finding and replacing. The error names what is wrong with the pattern and how to write it.
Result<CompiledRegex> CompileRegex(std::string_view pattern);

// For FullMatch: anchored at the start, so that a pattern with a literal beginning costs a compare where it differs.
Result<CompiledRegex> CompileAnchoredRegex(std::string_view pattern);

// Whole-string match. Input beyond kRegexInputMax, or not UTF-8 where the pattern needs characters: false.
bool FullMatch(const re2::RE2& regex, std::string_view text);

// Whether `replacement` uses only groups that the pattern has (\0 to \9) and no other escape than \\.
Status CheckReplacement(const re2::RE2& regex, std::string_view replacement);

// Every match of `regex` in `text` replaced, in `arena`. `text` itself when nothing matched. Nothing when the result
// would exceed kRewrittenPathMax or `text` kRegexInputMax.
std::optional<std::string_view> ReplaceEvery(const re2::RE2& regex, std::string_view text, std::string_view replacement,
                                             Arena& arena);

}  // namespace sluice::core

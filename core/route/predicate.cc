#include "core/route/predicate.h"

#include <re2/re2.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::core {
namespace {

constexpr std::int64_t kRegexMemoryMax = 64 * 1024;  // program and state cache of one expression
constexpr int kGroups = 10;                          // \0 to \9

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

// Appends to `out` what one match is replaced by.
void Expand(std::string_view replacement, const std::array<re2::StringPiece, kGroups>& groups, std::pmr::string& out) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 == replacement.size()) {
      out.push_back(replacement[i]);
      continue;
    }
    const char escaped = replacement[++i];
    if (escaped >= '0' && escaped <= '9') {
      const re2::StringPiece& group = groups[static_cast<std::size_t>(escaped - '0')];
      if (group.data() != nullptr) out.append(group.data(), group.size());
    } else {
      out.push_back(escaped);
    }
  }
}

}  // namespace

Result<CompiledRegex> CompileRegex(std::string_view pattern) {
  if (pattern.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the regular expression is empty", "write .* to match everything");
  }
  if (pattern.size() > kRegexLengthMax) {
    return Fail(ErrorCode::kLimitExceeded,
                "the regular expression is longer than " + std::to_string(kRegexLengthMax) + " characters",
                "shorten it or split the rule");
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexMemoryMax);
  auto regex = std::make_shared<const re2::RE2>(Piece(pattern), options);
  if (!regex->ok()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the regular expression \"" + std::string(pattern) + "\" does not compile: " + regex->error(),
                "RE2 syntax applies: no look-around and no back-references");
  }
  if (regex->ProgramSize() > kRegexProgramMax) {
    return Fail(ErrorCode::kLimitExceeded,
                "the regular expression compiles to " + std::to_string(regex->ProgramSize()) +
                    " instructions, at most " + std::to_string(kRegexProgramMax) + " are allowed",
                "use smaller repetition counts");
  }
  return regex;
}

Result<CompiledRegex> CompileAnchoredRegex(std::string_view pattern) {
  // The pattern must stand alone first: brackets that only the group below would balance are errors.
  Result<CompiledRegex> alone = CompileRegex(pattern);
  if (!alone) return alone;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexMemoryMax);
  auto anchored = std::make_shared<const re2::RE2>("^(?:" + std::string(pattern) + ")", options);
  return anchored->ok() ? CompiledRegex(std::move(anchored)) : *alone;
}

bool FullMatch(const re2::RE2& regex, std::string_view text) {
  if (text.size() > kRegexInputMax) return false;
  return regex.Match(Piece(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

Status CheckReplacement(const re2::RE2& regex, std::string_view replacement) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') continue;
    ++i;
    if (i < replacement.size() && replacement[i] == '\\') continue;
    const bool digit = i < replacement.size() && replacement[i] >= '0' && replacement[i] <= '9';
    if (!digit) {
      return Fail(ErrorCode::kInvalidArgument, "the replacement has a backslash that is not followed by a digit",
                  "write \\1 for the first group and \\\\ for a backslash");
    }
    const int group = replacement[i] - '0';
    if (group > regex.NumberOfCapturingGroups()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "the replacement uses group " + std::to_string(group) + ", the expression has " +
                      std::to_string(regex.NumberOfCapturingGroups()),
                  "add a group in parentheses or use a lower number");
    }
  }
  return {};
}

std::optional<std::string_view> ReplaceEvery(const re2::RE2& regex, std::string_view text, std::string_view replacement,
                                             Arena& arena) {
  if (text.size() > kRegexInputMax) return std::nullopt;
  std::array<re2::StringPiece, kGroups> groups;
  const int group_count = std::min(kGroups, regex.NumberOfCapturingGroups() + 1);
  std::pmr::string out(arena.resource());
  std::size_t copied = 0;  // text before this is in `out`
  std::size_t from = 0;    // where to look for the next match
  bool replaced = false;
  while (from <= text.size() &&
         regex.Match(Piece(text), from, text.size(), re2::RE2::UNANCHORED, groups.data(), group_count)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    // An empty match right behind the previous one is the same place again: step over one character.
    if (replaced && begin == end && begin == copied) {
      from = begin + 1;
      if (begin < text.size()) out.push_back(text[begin]);
      copied = std::min(from, text.size());
      if (begin == text.size()) break;
      replaced = false;
      continue;
    }
    out.append(text.substr(copied, begin - copied));
    Expand(replacement, groups, out);
    if (out.size() > kRewrittenPathMax) return std::nullopt;
    copied = from = end;
    replaced = true;
  }
  if (out.empty() && copied == 0) return text;
  out.append(text.substr(copied));
  if (out.size() > kRewrittenPathMax) return std::nullopt;
  return arena.Copy(out);
}

}  // namespace sluice::core

#include "core/route/string_match.h"

#include <utility>

#include "core/base/text.h"
#include "core/route/predicate.h"

namespace sluice::core {

StringMatch StringMatch::Exact(std::string text, bool ignore_case) {
  StringMatch match;
  match.kind_ = Kind::kExact;
  match.text_ = std::move(text);
  match.ignore_case_ = ignore_case;
  return match;
}

StringMatch StringMatch::Prefix(std::string text, bool ignore_case) {
  StringMatch match = Exact(std::move(text), ignore_case);
  match.kind_ = Kind::kPrefix;
  return match;
}

Result<StringMatch> StringMatch::Regex(std::string pattern) {
  Result<CompiledRegex> regex = CompileAnchoredRegex(pattern);
  if (!regex) return std::unexpected(std::move(regex.error()));
  StringMatch match;
  match.kind_ = Kind::kRegex;
  match.text_ = std::move(pattern);
  match.regex_ = *std::move(regex);
  return match;
}

bool StringMatch::Matches(std::string_view value) const {
  switch (kind_) {
    case Kind::kPresent: return true;
    case Kind::kExact: return ignore_case_ ? EqualsIgnoreCase(value, text_) : value == text_;
    case Kind::kPrefix: return ignore_case_ ? StartsWithIgnoreCase(value, text_) : value.starts_with(text_);
    case Kind::kRegex: return FullMatch(*regex_, value);
  }
  return false;
}

}  // namespace sluice::core

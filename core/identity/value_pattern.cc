#include "core/identity/value_pattern.h"

#include <utility>

namespace sluice::core {
namespace {

constexpr std::string_view kOne = "{*}";
constexpr std::string_view kRest = "{**}";

std::unexpected<Error> Misplaced(std::string_view text, std::string cure) {
  return Fail(ErrorCode::kInvalidArgument,
              "`" + std::string(text.substr(0, 200)) + "` has an asterisk where none can be", std::move(cure));
}

// The next segment of a path and its slash, taken off.
std::string_view NextSegment(std::string_view& path) {
  const std::size_t slash = path.find('/', 1);
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(segment.size());
  return segment;
}

bool IsGoodTemplate(std::string_view text) {
  if (!text.starts_with('/')) return false;
  while (!text.empty()) {
    const std::string_view segment = NextSegment(text).substr(1);
    if (segment == kRest) return text.empty();
    if (segment == kOne) continue;
    if (segment.find_first_of("{}*") != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

Result<ValuePattern> ValuePattern::Parse(std::string_view text) {
  if (text == "*") return ValuePattern(Kind::kPresent, {});
  const bool suffix = text.starts_with('*');
  const bool prefix = text.ends_with('*');
  const std::string_view inner = text.substr(suffix ? 1 : 0, text.size() - (suffix ? 1 : 0) - (prefix ? 1 : 0));
  if ((suffix && prefix) || inner.find('*') != std::string_view::npos) {
    return Misplaced(text, "write an exact value, prefix*, *suffix, or * alone");
  }
  return ValuePattern(suffix ? Kind::kSuffix : prefix ? Kind::kPrefix : Kind::kExact, std::string(inner));
}

Result<ValuePattern> ValuePattern::ParsePath(std::string_view text) {
  if (text.find(kOne) == std::string_view::npos && text.find(kRest) == std::string_view::npos) return Parse(text);
  if (IsGoodTemplate(text)) return ValuePattern(Kind::kTemplate, std::string(text));
  return Misplaced(text, "write {*} for one whole segment, and {**} as the last one");
}

bool ValuePattern::Matches(std::string_view value) const {
  switch (kind_) {
    case Kind::kExact: return value == text_;
    case Kind::kPrefix: return value.starts_with(text_);
    case Kind::kSuffix: return value.ends_with(text_);
    case Kind::kPresent: return !value.empty();
    case Kind::kTemplate: return MatchesTemplate(text_, value);
  }
  return false;
}

bool ValuePattern::MatchesTemplate(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    const std::string_view wanted = NextSegment(pattern).substr(1);
    if (!path.starts_with('/')) return false;
    if (wanted == kRest) return true;
    const std::string_view segment = NextSegment(path).substr(1);
    if (wanted == kOne ? segment.empty() : wanted != segment) return false;
  }
  return path.empty();
}

}  // namespace sluice::core

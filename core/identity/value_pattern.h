// How AuthorizationPolicies write values: exact, prefix*, *suffix, * for anything that is not empty, and for paths
// templates with {*} and {**} (istio-reference.md section 3.4). Immutable; any thread; no allocation when matching.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace sluice::core {

class ValuePattern {
 public:
  enum class Kind : std::uint8_t { kExact, kPrefix, kSuffix, kPresent, kTemplate };

  // An error for `*` anywhere but at one end, which would be taken literally without anybody meaning it.
  static Result<ValuePattern> Parse(std::string_view text);
  // The same, and templates: {*} is one segment of a path, {**} at the end whatever is left of it.
  static Result<ValuePattern> ParsePath(std::string_view text);
  static ValuePattern Exact(std::string text) { return {Kind::kExact, std::move(text)}; }

  bool Matches(std::string_view value) const;

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }  // without the asterisk

 private:
  ValuePattern(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  static bool MatchesTemplate(std::string_view pattern, std::string_view path);

  Kind kind_;
  std::string text_;
};

}  // namespace sluice::core

// Istio's StringMatch: exact, prefix or regex (RE2, whole string); or mere presence. Immutable, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace re2 {
class RE2;
}

namespace sluice::core {

class StringMatch {
 public:
  enum class Kind : std::uint8_t { kPresent, kExact, kPrefix, kRegex };

  static StringMatch Present() { return {}; }
  static StringMatch Exact(std::string text, bool ignore_case = false);
  static StringMatch Prefix(std::string text, bool ignore_case = false);
  // At most 1024 characters and a bounded program size (reliability.md D3); an error names the cause.
  static Result<StringMatch> Regex(std::string pattern);

  bool Matches(std::string_view value) const;

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  bool ignore_case() const { return ignore_case_; }

 private:
  Kind kind_ = Kind::kPresent;
  bool ignore_case_ = false;
  std::string text_;
  std::shared_ptr<const re2::RE2> regex_;  // kRegex; shared because routes are copied between snapshots
};

}  // namespace sluice::core

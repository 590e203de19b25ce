// Text with places that differ from request to request: {n} is the request's number from 0, {random:N} a draw from
// [0, N). Everything else stands for itself. Immutable once parsed; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"

namespace sluice::bench {

class TextTemplate {
 public:
  // kInvalidArgument for {random:N} without a positive N.
  static core::Result<TextTemplate> Parse(std::string_view text);

  void Append(std::string& out, std::uint64_t n, core::Random& random) const;
  // Whether every request gets the same text.
  bool constant() const { return parts_.size() == 1 && parts_.front().kind == Kind::kText; }

 private:
  enum class Kind : std::uint8_t { kText, kNumber, kRandom };
  struct Part {
    Kind kind = Kind::kText;
    std::string text = {};
    std::uint64_t below = 0;
  };

  std::vector<Part> parts_;
};

}  // namespace sluice::bench

// Text with places that differ from request to request: {n} is the request's number from 0, {random:N} a draw from
// [0, N), {user} the user it is sent for. Everything else stands for itself. Immutable once parsed; any thread.
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
  struct Values {
    std::uint64_t n = 0;
    std::uint64_t user = 0;
  };

  // kInvalidArgument for {random:N} without a positive N. Without `users`, {user} stands for itself.
  static core::Result<TextTemplate> Parse(std::string_view text, bool users = false);

  void Append(std::string& out, const Values& values, core::Random& random) const;
  // Whether every request gets the same text, and that text.
  bool constant() const { return parts_.size() == 1 && parts_.front().kind == Kind::kText; }
  const std::string& text() const { return parts_.front().text; }
  bool random() const;  // whether it has a {random:N}
  std::size_t size_max() const;
  // Writes `more` behind this.
  void Join(const TextTemplate& more);

 private:
  enum class Kind : std::uint8_t { kText, kNumber, kRandom, kUser };
  struct Part {
    Kind kind = Kind::kText;
    std::string text = {};
    std::uint64_t below = 0;
  };

  std::vector<Part> parts_;
};

}  // namespace sluice::bench

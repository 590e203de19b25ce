#include "bench/loadgen/text_template.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kDigitsMax = 20;

void AppendNumber(std::string& out, std::uint64_t number) {
  std::array<char, kDigitsMax> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end);
}

}  // namespace

core::Result<TextTemplate> TextTemplate::Parse(std::string_view text, bool users) {
  constexpr std::string_view kNumberMark = "{n}";
  constexpr std::string_view kUserMark = "{user}";
  constexpr std::string_view kRandomMark = "{random:";
  TextTemplate result;
  std::string literal;
  const auto add = [&](Kind kind, std::uint64_t below) {
    if (!literal.empty()) result.parts_.push_back({.kind = Kind::kText, .text = std::move(literal)});
    literal.clear();
    result.parts_.push_back({.kind = kind, .below = below});
  };
  while (!text.empty()) {
    if (text.starts_with(kNumberMark)) {
      add(Kind::kNumber, 0);
      text.remove_prefix(kNumberMark.size());
    } else if (users && text.starts_with(kUserMark)) {
      add(Kind::kUser, 0);
      text.remove_prefix(kUserMark.size());
    } else if (text.starts_with(kRandomMark)) {
      const auto end = text.find('}');
      const auto below = core::ParseDecimal(text.substr(kRandomMark.size(), end - kRandomMark.size()));
      if (end == std::string_view::npos || !below || *below == 0) {
        return core::Fail(core::ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not {random:N}",
                          "N is a whole number above 0");
      }
      add(Kind::kRandom, *below);
      text.remove_prefix(end + 1);
    } else {
      literal += text.front();
      text.remove_prefix(1);
    }
  }
  if (!literal.empty() || result.parts_.empty()) {
    result.parts_.push_back({.kind = Kind::kText, .text = std::move(literal)});
  }
  return result;
}

void TextTemplate::Append(std::string& out, const Values& values, core::Random& random) const {
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::kText: out += part.text; break;
      case Kind::kNumber: AppendNumber(out, values.n); break;
      case Kind::kRandom: AppendNumber(out, random.Below(part.below)); break;
      case Kind::kUser: AppendNumber(out, values.user); break;
    }
  }
}

bool TextTemplate::random() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.kind == Kind::kRandom; });
}

std::size_t TextTemplate::size_max() const {
  std::size_t size = 0;
  for (const Part& part : parts_) size += part.kind == Kind::kText ? part.text.size() : kDigitsMax;
  return size;
}

void TextTemplate::Join(const TextTemplate& more) {
  for (const Part& part : more.parts_) {
    if (part.kind == Kind::kText && !parts_.empty() && parts_.back().kind == Kind::kText) {
      parts_.back().text += part.text;
    } else {
      parts_.push_back(part);
    }
  }
}

}  // namespace sluice::bench

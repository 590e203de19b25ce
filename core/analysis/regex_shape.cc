#include "core/analysis/regex_shape.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr int kDepthMax = 100;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

template <typename Predicate>
ByteSet BytesOf(Predicate predicate) {
  ByteSet set;
  for (unsigned char byte = kFirstByte; byte <= kLastByte; ++byte) {
    if (predicate(static_cast<char>(byte))) set.set(byte);
  }
  return set;
}

ByteSet Every() {
  return BytesOf([](char) { return true; });
}

// Bytes outside of the printable ones are in no set: a text that the analysis builds never has them.
ByteSet Only(char c) {
  return BytesOf([c](char other) { return other == c; });
}

bool IsWord(char c) { return IsDigit(c) || IsUpper(c) || IsLower(c) || c == '_'; }

std::optional<ByteSet> PerlClass(char letter) {
  switch (letter) {
    case 'd': return BytesOf(IsDigit);
    case 'w': return BytesOf(IsWord);
    case 's': return Only(' ');
    case 'D': return Every() & ~BytesOf(IsDigit);
    case 'W': return Every() & ~BytesOf(IsWord);
    case 'S': return Every() & ~Only(' ');
    default: return std::nullopt;
  }
}

std::optional<ByteSet> PosixClass(std::string_view name) {
  const auto is_alpha = [](char c) { return IsUpper(c) || IsLower(c); };
  const auto is_alnum = [](char c) { return IsUpper(c) || IsLower(c) || IsDigit(c); };
  if (name == "alpha") return BytesOf(is_alpha);
  if (name == "digit") return BytesOf(IsDigit);
  if (name == "alnum") return BytesOf(is_alnum);
  if (name == "upper") return BytesOf(IsUpper);
  if (name == "lower") return BytesOf(IsLower);
  if (name == "word") return BytesOf(IsWord);
  if (name == "blank" || name == "space") return Only(' ');
  if (name == "print" || name == "ascii") return Every();
  if (name == "graph") return Every() & ~Only(' ');
  if (name == "punct") return BytesOf([&](char c) { return c != ' ' && !is_alnum(c); });
  if (name == "xdigit") {
    return BytesOf([](char c) { return IsDigit(c) || (FoldChar(c) >= 'a' && FoldChar(c) <= 'f'); });
  }
  return std::nullopt;
}

ByteSet WithBothCases(const ByteSet& set) {
  ByteSet both = set;
  for (std::size_t byte = kFirstByte; byte <= kLastByte; ++byte) {
    const char c = static_cast<char>(byte);
    if (set.test(byte) && IsUpper(c)) both.set(byte + 32);
    if (set.test(byte) && IsLower(c)) both.set(byte - 32);
  }
  return both;
}

// Recursive descent over RE2's syntax. `failed_` is set where something is not modelled; what is returned then is
// thrown away.
class Parser {
 public:
  explicit Parser(std::string_view pattern) : rest_(pattern) {}

  std::optional<RegexShape> Parse() {
    RegexShape all = Alternatives();
    if (failed_ || !rest_.empty()) return std::nullopt;
    return all;
  }

 private:
  using Kind = RegexShape::Kind;

  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  char Next() {
    if (rest_.empty()) return Fail<char>();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (static_cast<unsigned char>(c) > kLastByte) failed_ = true;
    return c;
  }
  template <typename T>
  T Fail() {
    failed_ = true;
    return T{};
  }

  RegexShape Bytes(ByteSet set) const {
    RegexShape shape;
    shape.kind = Kind::kBytes;
    shape.bytes = fold_ ? WithBothCases(set) : set;
    return shape;
  }
  static RegexShape Anchor(Kind kind) {
    RegexShape shape;
    shape.kind = kind;
    return shape;
  }

  RegexShape Alternatives() {
    if (++depth_ > kDepthMax) return Fail<RegexShape>();
    RegexShape all;
    all.kind = Kind::kAlternate;
    do {
      all.parts.push_back(Sequence());
    } while (!failed_ && Take("|"));
    --depth_;
    return all.parts.size() == 1 ? std::move(all.parts.front()) : all;
  }

  RegexShape Sequence() {
    RegexShape all;
    while (!failed_ && !rest_.empty() && Peek() != '|' && Peek() != ')') {
      RegexShape atom = Atom();
      while (!failed_ && Repeats(atom)) continue;
      all.parts.push_back(std::move(atom));
    }
    return all;
  }

  RegexShape Atom() {
    if (Take("(")) return Group();
    if (Take("[")) return Bytes(Class());
    if (Take(".")) return Bytes(Every());
    if (Take("^")) return Anchor(Kind::kBegin);
    if (Take("$")) return Anchor(Kind::kEnd);
    if (!Take("\\")) return Bytes(Only(Next()));
    if (Take("A")) return Anchor(Kind::kBegin);
    if (Take("z")) return Anchor(Kind::kEnd);
    return Bytes(Escaped());
  }

  // Behind a backslash, in a class or outside.
  ByteSet Escaped() {
    const char c = Next();
    if (const auto set = PerlClass(c)) return *set;
    if (c == 'x') return Hex();
    // Control characters are legal and in no printable text.
    if (std::string_view("tnrfva").find(c) != std::string_view::npos) return {};
    if (IsWord(c)) return Fail<ByteSet>();
    return Only(c);
  }

  ByteSet Hex() {
    if (rest_.size() < 2 || rest_.front() == '{') return Fail<ByteSet>();
    const auto value = ParseHex(rest_.substr(0, 2));
    rest_.remove_prefix(2);
    if (!value || *value > kLastByte) return Fail<ByteSet>();
    return Only(static_cast<char>(*value));
  }

  RegexShape Group() {
    const bool fold_outside = fold_;
    if (Take("?")) {
      if (Take("P<") || Take("<")) {
        while (!rest_.empty() && Next() != '>') continue;
      } else if (!Flags()) {
        return {};  // (?i): for what follows in the group around it
      }
    }
    RegexShape inside = Alternatives();
    if (!Take(")")) failed_ = true;
    fold_ = fold_outside;
    return inside;
  }

  // True when a group begins behind them, false when it was flags only. m, s and U do not change the language: there is
  // no line break in a printable text.
  bool Flags() {
    bool on = true;
    while (!failed_) {
      switch (Next()) {
        case 'i': fold_ = on; break;
        case 'm':
        case 's':
        case 'U': break;
        case '-': on = false; break;
        case ':': return true;
        case ')': return false;
        default: failed_ = true;
      }
    }
    return false;
  }

  ByteSet Class() {
    const bool negated = Take("^");
    ByteSet set;
    bool first = true;
    while (!failed_ && (first || Peek() != ']')) {
      if (rest_.empty()) return Fail<ByteSet>();
      first = false;
      set |= ClassItem();
    }
    Take("]");
    // Letter case is folded before the set is turned around.
    if (fold_) set = WithBothCases(set);
    return negated ? Every() & ~set : set;
  }

  ByteSet ClassItem() {
    if (Take("[:")) {
      const bool negated = Take("^");
      const std::size_t end = rest_.find(":]");
      if (end == std::string_view::npos) return Fail<ByteSet>();
      const auto set = PosixClass(rest_.substr(0, end));
      rest_.remove_prefix(end + 2);
      if (!set) return Fail<ByteSet>();
      return negated ? Every() & ~*set : *set;
    }
    const bool escaped = Take("\\");
    const ByteSet low = escaped ? Escaped() : Only(Next());
    const bool range = rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']';
    if (!range) return low;
    Take("-");
    const ByteSet high = Take("\\") ? Escaped() : Only(Next());
    // A bound that is no single printable byte: nothing that people write.
    if (low.count() != 1 || high.count() != 1) return Fail<ByteSet>();
    ByteSet between;
    bool inside = false;
    for (std::size_t byte = kFirstByte; byte <= kLastByte; ++byte) {
      inside = inside || low.test(byte);
      if (inside) between.set(byte);
      if (high.test(byte)) break;
    }
    return between;
  }

  // Wraps `atom` when a repetition follows.
  bool Repeats(RegexShape& atom) {
    int min = 0;
    int max = RegexShape::kUnbounded;
    if (Take("+")) {
      min = 1;
    } else if (Take("?")) {
      max = 1;
    } else if (!Take("*") && !Counts(min, max)) {
      return false;
    }
    Take("?");
    RegexShape repeat;
    repeat.kind = Kind::kRepeat;
    repeat.min = min;
    repeat.max = max;
    repeat.parts.push_back(std::move(atom));
    atom = std::move(repeat);
    return true;
  }

  // {n}, {n,} or {n,m}; any other brace stands for itself.
  bool Counts(int& min, int& max) {
    const std::size_t end = rest_.find('}');
    if (Peek() != '{' || end == std::string_view::npos) return false;
    const std::string_view inside = rest_.substr(1, end - 1);
    const std::size_t comma = inside.find(',');
    const auto low = ParseDecimal(inside.substr(0, comma));
    if (!low || *low > 1000) return false;
    min = max = static_cast<int>(*low);
    if (comma != std::string_view::npos) {
      const std::string_view text = inside.substr(comma + 1);
      const auto high = ParseDecimal(text);
      if (!text.empty() && (!high || *high > 1000)) return false;
      max = text.empty() ? RegexShape::kUnbounded : static_cast<int>(*high);
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::string_view rest_;
  bool fold_ = false;
  bool failed_ = false;
  int depth_ = 0;
};

}  // namespace

std::optional<RegexShape> ParseRegexShape(std::string_view pattern) { return Parser(pattern).Parse(); }

}  // namespace sluice::core

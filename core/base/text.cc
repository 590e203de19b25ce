#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace sluice::core {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return FoldChar(x) == FoldChar(y); });
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

std::string Fold(std::string_view text) {
  std::string folded(text);
  std::ranges::transform(folded, folded.begin(), FoldChar);
  return folded;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

namespace {

std::optional<std::uint64_t> ParseDigits(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> ParseDecimal(std::string_view text) { return ParseDigits(text, 10); }
std::optional<std::uint64_t> ParseHex(std::string_view text) { return ParseDigits(text, 16); }

std::optional<std::string_view> NextToken(std::string_view& rest) {
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view element = Trim(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

bool HasToken(std::string_view list, std::string_view token) {
  while (const auto element = NextToken(list)) {
    if (EqualsIgnoreCase(*element, token)) return true;
  }
  return false;
}

bool IsToken(std::string_view text) {
  static constexpr auto kTchar = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
      table[static_cast<unsigned char>(c)] = true;
    }
    return table;
  }();
  return !text.empty() && std::ranges::all_of(text, [](char c) { return kTchar[static_cast<unsigned char>(c)]; });
}

std::size_t EditDistance(std::string_view a, std::string_view b, std::size_t bound) {
  if (a.size() > b.size() + bound || b.size() > a.size() + bound) return bound + 1;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (FoldChar(a[i - 1]) == FoldChar(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return std::min(row[b.size()], bound + 1);
}

}  // namespace sluice::core

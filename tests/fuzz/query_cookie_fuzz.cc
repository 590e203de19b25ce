// A query string and Cookie fields in any bytes (parts: query, then cookies): every pair that was written is found
// under its name, the first of a name wins, and nothing else is found.
#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/http/cookie.h"
#include "core/http/query_string.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::core {
namespace {

struct Pair {
  std::string_view name;
  std::string_view value;
};

const Pair* FirstOf(const std::vector<Pair>& pairs, std::string_view name) {
  for (const Pair& pair : pairs) {
    if (pair.name == name) return &pair;
  }
  return nullptr;
}

void CheckQuery(std::string_view query) {
  std::vector<Pair> pairs;
  std::size_t bytes = 0;
  std::string_view rest = query;
  while (const auto pair = NextQueryPair(rest)) {
    CHECK(pair->key.find_first_of("&=") == std::string_view::npos);
    CHECK(pair->value.find('&') == std::string_view::npos);
    bytes += pair->key.size() + pair->value.size();
    pairs.push_back({pair->key, pair->value});
  }
  // What was not told is separators only: one '=' at most for each pair, '&' otherwise.
  const auto ampersands = static_cast<std::size_t>(std::ranges::count(query, '&'));
  CHECK(query.size() <= bytes + ampersands + pairs.size());
  for (const Pair& pair : pairs) CHECK(FindQueryValue(query, pair.name) == FirstOf(pairs, pair.name)->value);
  CHECK(!FindQueryValue(query, "no&such=key"));
}

// A byte at a time, unlike the reader under test.
std::vector<Pair> NaiveCookies(std::string_view field) {
  std::vector<Pair> pairs;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= field.size(); ++i) {
    if (i < field.size() && field[i] != ';') continue;
    const std::string_view pair = Trim(field.substr(begin, i - begin));
    begin = i + 1;
    std::size_t equals = 0;
    while (equals < pair.size() && pair[equals] != '=') ++equals;
    if (equals == pair.size()) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() > 1 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    pairs.push_back({pair.substr(0, equals), value});
  }
  return pairs;
}

FUZZ_TARGET(query_cookie_fuzz) {
  fuzz::Parts parts(input);
  CheckQuery(parts.Next());
  Arena arena;
  HeaderMap fields(arena);
  std::vector<Pair> pairs;
  while (!parts.empty() && fields.size() < 100) {
    const std::string_view field = parts.Next();
    fields.AddBorrowed(HeaderName::kCookie, field);
    for (const Pair& pair : NaiveCookies(field)) pairs.push_back(pair);
  }
  for (const Pair& pair : pairs) CHECK(FindCookie(fields, pair.name) == FirstOf(pairs, pair.name)->value);
  CHECK(!FindCookie(fields, "no;such"));
}

}  // namespace
}  // namespace sluice::core

#include "core/http/query_string.h"

namespace sluice::core {

std::optional<QueryPair> NextQueryPair(std::string_view& rest) {
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return QueryPair{pair, {}};
    return QueryPair{pair.substr(0, equals), pair.substr(equals + 1)};
  }
  return std::nullopt;
}

std::optional<std::string_view> FindQueryValue(std::string_view query, std::string_view key) {
  while (const std::optional<QueryPair> pair = NextQueryPair(query)) {
    if (pair->key == key) return pair->value;
  }
  return std::nullopt;
}

}  // namespace sluice::core

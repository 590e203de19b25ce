// Reading a query string: key=value pairs between '&', as sent. Values are not percent-decoded, as Envoy does not
// (istio-reference.md section 1.3a). No allocation; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace sluice::core {

struct QueryPair {
  std::string_view key;
  std::string_view value;  // empty for both "key" and "key="
};

// Takes the next pair off the front of `rest` (without '?'); empty pairs are skipped. Nothing when none is left.
std::optional<QueryPair> NextQueryPair(std::string_view& rest);

// Value of the first pair with that key; compare is case-sensitive.
std::optional<std::string_view> FindQueryValue(std::string_view query, std::string_view key);

}  // namespace sluice::core

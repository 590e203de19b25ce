#include "core/plan/affinity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/http/cookie.h"
#include "core/http/query_string.h"
#include "core/upstream/affinity_hash.h"

namespace sluice::core {
namespace {

Affinity Of(std::optional<std::string_view> value) {
  if (!value) return {};
  return {true, AffinityHash(*value), {}};
}

// Several values of one header are sorted first: their order on the wire must not matter.
Affinity OfHeader(const HashKey& key, const HeaderMap& headers, Arena& arena) {
  const HeaderName code = LookupHeaderName(key.name);
  const auto same = [&](const HeaderMap::Field& field) { return field.code == code && field.name == key.name; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(headers.fields(), same));
  if (count <= 1) return Of(headers.Find(key.name));
  auto* const values = arena.AllocateArray<std::string_view>(count);
  std::size_t filled = 0;
  for (const HeaderMap::Field& field : headers.fields()) {
    if (same(field)) values[filled++] = field.value;
  }
  std::sort(values, values + count);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < count; ++i) hash = AffinityHash(values[i], hash);
  return {true, hash, {}};
}

template <typename Number>
std::string_view ToText(Number number, int base, std::array<char, 20>& buffer) {
  const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, base).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

// ttl absent: never generated; 0: a session cookie; else Max-Age.
Affinity OfCookie(const HashKey& key, const HeaderMap& headers, Random& random, Arena& arena) {
  if (const auto sent = FindCookie(headers, key.name)) return Of(sent);
  if (!key.cookie_ttl) return {};
  std::array<char, 20> value_buffer;
  std::array<char, 20> age_buffer;
  const std::string_view value = ToText(random.Next(), 16, value_buffer);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*key.cookie_ttl).count();
  const bool lasting = *key.cookie_ttl > Duration(0);
  Affinity affinity = Of(value);
  affinity.set_cookie = arena.Concat(key.name, "=\"", value, "\"", lasting ? "; Max-Age=" : "",
                                     lasting ? ToText(seconds, 10, age_buffer) : std::string_view(),
                                     key.cookie_path.empty() ? "" : "; Path=", key.cookie_path, "; HttpOnly");
  return affinity;
}

}  // namespace

Affinity FindAffinity(const HashKey& key, const Head& request, std::string_view query, std::string_view client_address,
                      Random& random, Arena& arena) {
  switch (key.source) {
    case HashKey::Source::kHeader: return OfHeader(key, request.headers, arena);
    case HashKey::Source::kCookie: return OfCookie(key, request.headers, random, arena);
    case HashKey::Source::kSourceIp: return client_address.empty() ? Affinity{} : Of(client_address);
    case HashKey::Source::kQueryParameter: return Of(FindQueryValue(query, key.name));
  }
  return {};
}

}  // namespace sluice::core

#include "core/http/protected_headers.h"

#include <array>

namespace sluice::core {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes = {"x-envoy-", "x-sluice-"};
constexpr std::array<std::string_view, 4> kNames = {"x-ab-bucket", "x-ab-experiment", "x-ab-arm",
                                                    "x-forwarded-client-cert"};

bool SpellsPrefix(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = name[i] == '_' ? '-' : name[i];
    if (c != prefix[i]) return false;
  }
  return true;
}

}  // namespace

bool IsProtectedHeader(std::string_view lower_name) {
  // Two bytes decide for almost every field.
  if (lower_name.size() < 8 || lower_name[0] != 'x' || (lower_name[1] != '-' && lower_name[1] != '_')) return false;
  for (const std::string_view prefix : kPrefixes) {
    if (SpellsPrefix(lower_name, prefix)) return true;
  }
  // The real spellings of these are ours to rewrite (forwarding.h); the others would pass beside them.
  if (lower_name.find('_') != std::string_view::npos &&
      (SpellsPrefix(lower_name, "x-forwarded-") || SpellsPrefix(lower_name, "x-request-id"))) {
    return true;
  }
  for (const std::string_view name : kNames) {
    if (lower_name.size() == name.size() && SpellsPrefix(lower_name, name)) return true;
  }
  return false;
}

std::size_t RemoveProtected(HeaderMap& headers) {
  return headers.RemoveIf([](const HeaderMap::Field& field) { return IsProtectedHeader(field.name); });
}

}  // namespace sluice::core

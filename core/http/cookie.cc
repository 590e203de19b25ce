#include "core/http/cookie.h"

#include "core/base/text.h"

namespace sluice::core {
namespace {

std::optional<std::string_view> FindInField(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const std::size_t end = field.find(';');
    const std::string_view pair = Trim(field.substr(0, end));
    field.remove_prefix(end == std::string_view::npos ? field.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> FindCookie(const HeaderMap& headers, std::string_view name) {
  for (const HeaderMap::Field& field : headers.fields()) {
    if (field.code != HeaderName::kCookie) continue;
    if (const auto value = FindInField(field.value, name)) return value;
  }
  return std::nullopt;
}

}  // namespace sluice::core

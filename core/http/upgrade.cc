#include "core/http/upgrade.h"

#include <algorithm>

#include "core/base/text.h"

namespace sluice::core {

bool IsProtocolName(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsToken(text);
  return IsToken(text.substr(0, slash)) && IsToken(text.substr(slash + 1));
}

bool IsHttpProtocol(std::string_view lower) { return lower == "h2c" || lower == "h2" || lower.starts_with("http/"); }

std::string_view UpgradeToken(std::string_view name, Arena& arena) {
  if (!IsProtocolName(name)) return {};
  char* const text = arena.AllocateArray<char>(name.size());
  std::ranges::transform(name, text, FoldChar);
  const std::string_view lower(text, name.size());
  return IsHttpProtocol(lower) ? std::string_view() : lower;
}

std::string_view ReadUpgrade(const HeaderMap& fields) {
  std::string_view first;
  for (const HeaderMap::Field& field : fields.fields()) {
    if (field.code != HeaderName::kUpgrade) continue;
    std::string_view rest = field.value;
    while (const auto name = NextToken(rest)) {
      const std::string_view token = UpgradeToken(*name, fields.arena());
      if (token == kWebsocket) return token;
      if (first.empty()) first = token;
    }
  }
  return first;
}

}  // namespace sluice::core

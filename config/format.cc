#include "config/format.h"

namespace sluice::config {

std::string FormatParts(std::string_view pattern, const std::string* values, std::size_t count) {
  std::string text;
  for (std::size_t next = 0; next < count; ++next) {
    const std::size_t hole = pattern.find("{}");
    if (hole == std::string_view::npos) break;
    text += pattern.substr(0, hole);
    text += values[next];
    pattern.remove_prefix(hole + 2);
  }
  return text += pattern;
}

}  // namespace sluice::config

// Text inside HTML: the five characters that could be taken for something else. Pure; any thread.
#pragma once

#include <string_view>

namespace sluice::core {

// How `c` is written between tags and inside quoted attributes; empty when it stands for itself.
constexpr std::string_view MarkupEntity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

}  // namespace sluice::core

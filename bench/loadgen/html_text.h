// Text on a page: whatever comes from outside is escaped. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice::bench {

// Fit for an element and for a quoted attribute. Control bytes and bytes that are no UTF-8 become U+FFFD.
std::string HtmlEscape(std::string_view text);

}  // namespace sluice::bench

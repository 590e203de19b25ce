// Text as a part of a URI's path or query (RFC 3986 section 2.1). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::core {

// Everything but the unreserved characters percent-encoded, '/' and '&' among them: fit for one segment or one value.
std::string EscapeUri(std::string_view text);

}  // namespace sluice::core

// Reading one cookie out of the Cookie fields of a request (RFC 6265 section 5.4). No allocation; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/http/header_map.h"

namespace sluice::core {

// Value of the first cookie of that name over all Cookie fields, without surrounding double quotes.
// The name is case-sensitive.
std::optional<std::string_view> FindCookie(const HeaderMap& headers, std::string_view name);

}  // namespace sluice::core

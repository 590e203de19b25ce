// Header operations of a rule: remove, set, add, with Envoy's %COMMAND% in values (istio-reference.md section 1.6).
// Pure; any thread.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/http/head.h"
#include "core/route/route.h"

namespace sluice::core {

// What a command in a value may ask for. `response` is null while the request is worked on.
struct HeaderFormatContext {
  const Head* request = nullptr;
  const Head* response = nullptr;
  std::string_view client_address;  // %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%
  std::string_view route_name;      // %ROUTE_NAME%
};

// For config: refuses control characters, unbalanced %, and commands that are not supported; the error lists those
// that are. Supported: %%, %REQ(name)%, %REQ(name?other):length%, the same with RESP,
// %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%, %PROTOCOL%, %ROUTE_NAME%, %RESPONSE_CODE%.
Status CheckHeaderFormat(std::string_view value);

// The value with its commands carried out; borrowed from `value` when it has none, else in `arena`. A field that is
// missing yields nothing in its place.
std::string_view FormatHeaderValue(std::string_view value, const HeaderFormatContext& context, Arena& arena);

// Two levels in the order in which they apply: `first` removes, sets and adds, then `second`. With `merged` they count
// as one list: all removals, then all sets, then all additions. Names are lower case; `host` and `:authority` are
// skipped (they rewrite the authority, see FindAuthorityOp). A command that yields nothing changes nothing.
void ApplyHeaderOps(const HeaderOps& first, const HeaderOps& second, bool merged, HeaderMap& headers,
                    const HeaderFormatContext& context, Arena& arena);

// The unformatted value that set or add gives to `host` or `:authority`; null when there is none.
const std::string* FindAuthorityOp(const HeaderOps& ops);

}  // namespace sluice::core

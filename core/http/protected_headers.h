// Fields that only the gateway itself may set. A client that sends one, in any spelling, is not believed
// (reliability.md section 5.4, D1). Pure; one thread.
#pragma once

#include <string_view>

#include "core/http/header_map.h"

namespace sluice::core {

// x-envoy-*, x-sluice-*, x-ab-bucket, x-ab-experiment, x-ab-arm and x-forwarded-client-cert, with '_' standing for
// '-' anywhere: many backends read both as one name. For that reason also x-forwarded-* and x-request-id when they
// are spelt with '_'. `lower_name` is in lower case.
bool IsProtectedHeader(std::string_view lower_name);

// Removes all of them from a request that comes from outside. Returns how many went.
std::size_t RemoveProtected(HeaderMap& headers);

}  // namespace sluice::core

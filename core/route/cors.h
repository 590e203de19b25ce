// Cross-origin requests by a rule's corsPolicy (istio-reference.md section 1.3). Pure; any thread.
#pragma once

#include <cstdint>

#include "core/http/head.h"
#include "core/route/route.h"

namespace sluice::core {

enum class CorsVerdict : std::uint8_t {
  kNone,              // no Origin, or one that is not allowed: nothing to add
  kAllowed,           // the response gets the fields of an actual request
  kPreflight,         // to be answered here with 200 and the fields of a preflight
  kPreflightIgnored,  // origin not allowed and unmatchedPreflights IGNORE: 200 here without any field
};

// A preflight is OPTIONS with Origin and Access-Control-Request-Method. The origin "*" in the policy allows all.
CorsVerdict CheckCors(const CorsPolicy& policy, const Head& request);

// Replaces the fields of a response to an allowed origin, which is echoed. Values lie in the arena or the snapshot.
void AddCorsHeaders(const CorsPolicy& policy, const Head& request, bool preflight, Head& response, Arena& arena);

}  // namespace sluice::core

#include "core/route/cors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace sluice::core {

CorsVerdict CheckCors(const CorsPolicy& policy, const Head& request) {
  const std::optional<std::string_view> origin = request.headers.Find(HeaderName::kOrigin);
  if (!origin || origin->empty()) return CorsVerdict::kNone;
  const bool preflight = request.method == "OPTIONS" && request.headers.Has(HeaderName::kAccessControlRequestMethod);
  const bool allowed = std::ranges::any_of(
      policy.allow_origins, [&](const StringMatch& match) { return match.Matches("*") || match.Matches(*origin); });
  if (allowed) return preflight ? CorsVerdict::kPreflight : CorsVerdict::kAllowed;
  return preflight && !policy.forward_unmatched_preflights ? CorsVerdict::kPreflightIgnored : CorsVerdict::kNone;
}

void AddCorsHeaders(const CorsPolicy& policy, const Head& request, bool preflight, Head& response, Arena& arena) {
  HeaderMap& headers = response.headers;
  const std::string_view origin = request.headers.Find(HeaderName::kOrigin).value_or("");
  headers.Set(HeaderName::kAccessControlAllowOrigin, arena.Copy(origin));
  if (policy.allow_credentials) headers.Set(HeaderName::kAccessControlAllowCredentials, "true");
  if (!preflight) {
    if (!policy.expose_headers.empty()) {
      headers.Set(HeaderName::kAccessControlExposeHeaders, policy.expose_headers);
    }
    return;
  }
  if (!policy.allow_methods.empty()) headers.Set(HeaderName::kAccessControlAllowMethods, policy.allow_methods);
  if (!policy.allow_headers.empty()) headers.Set(HeaderName::kAccessControlAllowHeaders, policy.allow_headers);
  if (policy.max_age) {
    std::array<char, 20> digits;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*policy.max_age).count();
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), seconds).ptr;
    headers.Set(HeaderName::kAccessControlMaxAge,
                arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())}));
  }
}

}  // namespace sluice::core

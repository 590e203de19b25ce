#include "core/http/trailer_policy.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/http/protected_headers.h"

namespace sluice::core {
namespace {

bool IsForbiddenCode(HeaderName code) {
  switch (code) {
    case HeaderName::kAuthorization:
    case HeaderName::kConnection:
    case HeaderName::kContentLength:
    case HeaderName::kContentType:
    case HeaderName::kCookie:
    case HeaderName::kDate:
    case HeaderName::kExpect:
    case HeaderName::kForwarded:
    case HeaderName::kHost:
    case HeaderName::kHttp2Settings:
    case HeaderName::kKeepAlive:
    case HeaderName::kLocation:
    case HeaderName::kOrigin:
    case HeaderName::kProxyAuthenticate:
    case HeaderName::kProxyAuthorization:
    case HeaderName::kProxyConnection:
    case HeaderName::kSetCookie:
    case HeaderName::kTe:
    case HeaderName::kTrailer:
    case HeaderName::kTransferEncoding:
    case HeaderName::kUpgrade:
    case HeaderName::kVary:
    case HeaderName::kVia:
    case HeaderName::kXRequestId: return true;
    default: return false;
  }
}

constexpr std::array<std::string_view, 16> kForbiddenNames = {
    "age",
    "cache-control",
    "clear-site-data",
    "content-encoding",
    "content-range",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "www-authenticate",
};

bool IsForbidden(const HeaderMap::Field& field) {
  if (field.code != HeaderName::kOther && IsForbiddenCode(field.code)) return true;
  if (field.name.starts_with("x-forwarded-") || IsProtectedHeader(field.name)) return true;
  return field.code == HeaderName::kOther && std::ranges::find(kForbiddenNames, field.name) != kForbiddenNames.end();
}

bool IsExpected(const HeaderMap::Field& field, std::string_view announced) {
  if (field.code == HeaderName::kGrpcStatus || field.code == HeaderName::kGrpcMessage) return true;
  return field.name.ends_with("-bin") || HasToken(announced, field.name);
}

}  // namespace

std::size_t FilterTrailers(HeaderMap& trailers, std::string_view announced) {
  return trailers.RemoveIf(
      [announced](const HeaderMap::Field& field) { return IsForbidden(field) || !IsExpected(field, announced); });
}

std::size_t DropForbiddenTrailers(HeaderMap& trailers) {
  return trailers.RemoveIf([](const HeaderMap::Field& field) { return IsForbidden(field); });
}

}  // namespace sluice::core

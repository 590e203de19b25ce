#include "core/http/hop_headers.h"

#include <array>

#include "core/base/text.h"

namespace sluice::core {
namespace {

// Fields that `Connection: <name>` cannot take away: identity, routing, forwarding history and payload description.
bool IsProtectedFromNaming(const HeaderMap::Field& field) {
  switch (field.code) {
    case HeaderName::kAuthorization:
    case HeaderName::kContentType:
    case HeaderName::kCookie:
    case HeaderName::kExpect:
    case HeaderName::kForwarded:
    case HeaderName::kOrigin:
    case HeaderName::kSetCookie:
    case HeaderName::kTe:  // has its own rule
    case HeaderName::kTrailer:
    case HeaderName::kVia:
    case HeaderName::kXRequestId: return true;
    default: break;
  }
  return field.name.starts_with("x-forwarded-") || field.name.starts_with("x-envoy-") ||
         field.name.starts_with("x-ab-") || field.name.starts_with("x-sluice-");
}

struct NamedFields {
  std::array<std::string_view, kConnectionNamesMax> names;
  std::size_t count = 0;
  bool overflow = false;

  bool Has(std::string_view name) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (EqualsIgnoreCase(names[i], name)) return true;
    }
    return false;
  }
};

void CollectNames(const HeaderMap& fields, NamedFields& named) {
  for (const HeaderMap::Field& field : fields.fields()) {
    if (field.code != HeaderName::kConnection) continue;
    std::string_view rest = field.value;
    while (const auto token = NextToken(rest)) {
      if (named.count == kConnectionNamesMax) {
        named.overflow = true;
        return;
      }
      named.names[named.count++] = *token;
    }
  }
}

}  // namespace

ConnectionOptions ReadConnectionOptions(const HeaderMap& fields) {
  ConnectionOptions options;
  if (!fields.Has(HeaderName::kConnection)) return options;
  for (const HeaderMap::Field& field : fields.fields()) {
    if (field.code != HeaderName::kConnection) continue;
    std::string_view rest = field.value;
    while (const auto token = NextToken(rest)) {
      if (EqualsIgnoreCase(*token, "close")) {
        options.close = true;
      } else if (EqualsIgnoreCase(*token, "keep-alive")) {
        options.keep_alive = true;
      } else if (EqualsIgnoreCase(*token, "upgrade")) {
        options.upgrade = true;
      } else if (!IsToken(*token)) {
        options.malformed = true;
      } else if (!EqualsIgnoreCase(*token, "te")) {
        options.names_fields = true;
      }
    }
  }
  return options;
}

bool RemoveHopByHop(HeaderMap& fields, const ConnectionOptions& options) {
  if (options.malformed) return false;
  NamedFields named;
  if (options.names_fields) CollectNames(fields, named);
  if (named.overflow) return false;
  bool trailers = false;
  if (fields.Has(HeaderName::kTe)) {
    fields.RemoveIf([&trailers](const HeaderMap::Field& field) {
      if (field.code != HeaderName::kTe) return false;
      trailers = trailers || HasToken(field.value, "trailers");
      return true;
    });
  }
  if (named.count > 0) {
    fields.RemoveIf([&named](const HeaderMap::Field& field) {
      return IsHopByHop(field.code) || (named.Has(field.name) && !IsProtectedFromNaming(field));
    });
  } else if (fields.names().Overlaps(kHopByHop)) {
    fields.RemoveIf([](const HeaderMap::Field& field) { return IsHopByHop(field.code); });
  }
  if (trailers) fields.AddBorrowed(HeaderName::kTe, "trailers");
  return true;
}

}  // namespace sluice::core

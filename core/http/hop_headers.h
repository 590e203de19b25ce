// Fields that concern one connection only: read, then removed, so that nothing above a codec sees them
// (RFC 9110 section 7.6.1; istio-reference.md section 5.2). Pure; one thread.
#pragma once

#include "core/http/header_map.h"

namespace sluice::core {

// What the Connection fields of a message ask for.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool malformed = false;     // lists something that is no token
  bool names_fields = false;  // names something beyond close, keep-alive, te and upgrade
};

// Fields that frame a message or belong to the connection whatever Connection says; a writer never takes them from
// above either, because it makes its own.
inline constexpr HeaderNameSet kHopByHop = {
    HeaderName::kConnection,       HeaderName::kContentLength, HeaderName::kHost,
    HeaderName::kHttp2Settings,    HeaderName::kKeepAlive,     HeaderName::kProxyConnection,
    HeaderName::kTransferEncoding, HeaderName::kUpgrade,
};
constexpr bool IsHopByHop(HeaderName code) { return kHopByHop.Has(code); }

ConnectionOptions ReadConnectionOptions(const HeaderMap& fields);

// How many names in Connection fields are honoured; a message that lists more is refused.
inline constexpr std::size_t kConnectionNamesMax = 32;

// Removes Connection and the fields it names, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade,
// Http2-Settings, Content-Length and Host; reduces TE to `trailers` or removes it. A peer may not name away fields
// that decide about the message or about who asks (reliability.md B12): those stay. False when Connection lists more
// than kConnectionNamesMax names or something that is no token; the message must be refused then.
bool RemoveHopByHop(HeaderMap& fields, const ConnectionOptions& options);

}  // namespace sluice::core

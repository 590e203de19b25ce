// Known header names as one-byte codes, so that a lookup compares bytes before it compares text.
// Names are lower case everywhere inside Sluice. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class HeaderName : std::uint8_t {
  kOther,  // every name not listed here; compare the text
  kAccept,
  kAcceptEncoding,
  kAccessControlAllowCredentials,
  kAccessControlAllowHeaders,
  kAccessControlAllowMethods,
  kAccessControlAllowOrigin,
  kAccessControlExposeHeaders,
  kAccessControlMaxAge,
  kAccessControlRequestHeaders,
  kAccessControlRequestMethod,
  kAuthorization,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kForwarded,
  kGrpcMessage,
  kGrpcStatus,
  kGrpcTimeout,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kLocation,
  kOrigin,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kReferer,
  kSecWebsocketAccept,
  kSecWebsocketKey,
  kServer,
  kSetCookie,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVary,
  kVia,
  kXAbArm,
  kXAbBucket,
  kXAbExperiment,
  kXEnvoyAttemptCount,
  kXEnvoyExpectedRqTimeoutMs,
  kXEnvoyOriginalHost,
  kXEnvoyOriginalPath,
  kXEnvoyOverloaded,
  kXEnvoyRatelimited,
  kXEnvoyUpstreamServiceTime,
  kXForwardedClientCert,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedProto,
  kXRequestId,
  kXSluiceMirror,
  kCount,
};

// The code of a lower-case name; kOther when it has none.
HeaderName LookupHeaderName(std::string_view lower_name);

// The lower-case text of a code; empty for kOther. Static storage.
std::string_view HeaderText(HeaderName name);

}  // namespace sluice::core

// Known header names as one-byte codes, so that a lookup compares bytes before it compares text.
// Names are lower case everywhere inside Sluice. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
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

// A set of known names in one word; kOther stands for all names that are not listed. Pure.
class HeaderNameSet {
 public:
  constexpr HeaderNameSet() = default;
  constexpr HeaderNameSet(std::initializer_list<HeaderName> names) {
    for (const HeaderName name : names) Add(name);
  }

  constexpr void Add(HeaderName name) { bits_ |= Bit(name); }
  constexpr bool Has(HeaderName name) const { return (bits_ & Bit(name)) != 0; }
  constexpr bool Overlaps(HeaderNameSet other) const { return (bits_ & other.bits_) != 0; }
  friend constexpr bool operator==(HeaderNameSet, HeaderNameSet) = default;

 private:
  static_assert(static_cast<unsigned>(HeaderName::kCount) <= 64);
  static constexpr std::uint64_t Bit(HeaderName name) { return std::uint64_t{1} << static_cast<unsigned>(name); }

  std::uint64_t bits_ = 0;
};

// The code of a lower-case name; kOther when it has none.
HeaderName LookupHeaderName(std::string_view lower_name);

// The lower-case text of a code; empty for kOther. Static storage.
std::string_view HeaderText(HeaderName name);

}  // namespace sluice::core

// The names in a certificate, read by length and by type: DNS names, URIs and addresses, never the common name
// (reliability.md C1, C2). A certificate with a name that could be read in two ways is refused as a whole. Pure.
#pragma once

#include <openssl/x509.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/cidr.h"

namespace sluice::tls {

struct Names {
  std::vector<std::string> dns;  // lower case
  std::vector<std::string> uris;
  std::vector<core::IpBytes> addresses;
};

// The subject alternative names. An error when one holds a NUL, a control character or anything but ASCII, when the
// extension is malformed or there twice, or when there are more than kNamesMax.
inline constexpr int kNamesMax = 1000;
core::Result<Names> ReadNames(const X509& certificate);

// RFC 6125 section 6.4.3, strictly: `pattern` may have `*` as its whole left-most label, which stands for exactly one
// label, and at least two labels must follow. `name` is lower case and holds no `*`.
bool DnsNameMatches(std::string_view pattern, std::string_view name);

// Whether the certificate vouches for a server called by one of `wanted` (DNS names, or addresses as text).
bool CoversServer(const Names& names, std::span<const std::string> wanted);
// Whether it has one of `wanted` (DNS names, URIs, addresses), character by character; wildcards mean nothing here.
bool HasName(const Names& names, std::span<const std::string> wanted);

}  // namespace sluice::tls

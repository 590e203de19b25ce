// The `host[:port]` of Host, :authority and absolute targets: a narrow grammar, because everything downstream routes
// on it (reliability.md B7). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::core {

struct HostPort {
  std::string_view host;              // as written; an IPv6 address keeps its brackets
  std::optional<std::uint16_t> port;  // absent when not written
};

// A host is 1 to 255 letters, digits, '-', '.', '_' or '~', or an IPv6 address in brackets; a port is 1 to 5 digits
// from 1 to 65535. Anything else, user information and lists among it, yields nothing.
std::optional<HostPort> ParseHostPort(std::string_view text);

// The part of an authority that tells hosts apart: without its port (RFC 3986 section 3.2: host [":" port], the port
// possibly empty) and one trailing dot. Brackets stay: they are part of the name of an IPv6 host.
std::string_view RoutedHost(std::string_view authority);

}  // namespace sluice::core

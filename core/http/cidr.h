// Internet addresses as text and ranges of them, for deciding which peers are our own proxies. No sockets; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"

namespace sluice::core {

// 16 bytes, network order; an IPv4 address is mapped into ::ffff:0:0/96.
using IpBytes = std::array<std::uint8_t, 16>;

// Dotted IPv4 or IPv6 (RFC 4291 section 2.2), without brackets, port or zone.
std::optional<IpBytes> ParseIp(std::string_view text);

class Cidr {
 public:
  // "10.0.0.0/8", "fd00::/8", or an address alone.
  static Result<Cidr> Parse(std::string_view text);

  bool Contains(const IpBytes& address) const;

 private:
  IpBytes base_{};
  std::uint32_t bits_ = 128;  // of the mapped form
};

}  // namespace sluice::core

#include "core/http/host_port.h"

#include <algorithm>

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr std::size_t kHostMax = 255;
constexpr std::size_t kAddressMax = 45;  // the longest text of an IPv6 address

bool AllDigits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view WithoutPort(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || !AllDigits(authority.substr(colon + 1))) return authority;
  const std::string_view host = authority.substr(0, colon);
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.ends_with(']');
  return bare_ipv6 ? authority : host;
}

bool IsNameByte(char c) {
  const char folded = FoldChar(c);
  return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

bool IsAddressByte(char c) {
  const char folded = FoldChar(c);
  return (c >= '0' && c <= '9') || (folded >= 'a' && folded <= 'f') || c == ':' || c == '.';
}

// Bytes only: whether the address means anything is for whoever connects; here it must merely be one unambiguous name.
bool IsBracketed(std::string_view host) {
  if (host.size() < 4 || host.size() > kAddressMax + 2 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  return std::ranges::all_of(address, IsAddressByte) && std::ranges::count(address, ':') >= 2;
}

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view text) {
  HostPort result;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.find(':', bracket);
  result.host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const auto port = ParseDecimal(digits);
    if (!port || digits.size() > 5 || *port == 0 || *port > 65535) return std::nullopt;
    result.port = static_cast<std::uint16_t>(*port);
  }
  if (bracket > 0) return IsBracketed(result.host) ? std::optional(result) : std::nullopt;
  if (result.host.empty() || result.host.size() > kHostMax) return std::nullopt;
  if (!std::ranges::all_of(result.host, IsNameByte)) return std::nullopt;
  return result;
}

std::string_view RoutedHost(std::string_view authority) {
  std::string_view host = WithoutPort(authority);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace sluice::core

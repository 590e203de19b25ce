#include "core/canary/prometheus_address.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kForm = "write http://HOST:PORT, with a path in front of /api/v1 if there is one";

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Goes into the request line as it is: nothing there that could end it, or begin a query.
bool IsPathChar(char c) {
  return IsHostChar(c) || c == '/' || c == '~' || c == '%' || c == '+' || c == ':' || c == '@' || c == '=' || c == ',';
}

bool IsIpv6Char(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; }

Error Wrong(std::string cause, std::string_view cure = kForm) {
  return {ErrorCode::kInvalidArgument, std::move(cause), std::string(cure)};
}

// Takes the host off the front of "host:port"; brackets are gone from it.
Result<std::string> TakeHost(std::string_view& authority) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    std::string host = close == std::string_view::npos ? std::string() : Fold(authority.substr(1, close - 1));
    if (host.find(':') == std::string::npos || !std::ranges::all_of(host, IsIpv6Char)) {
      return std::unexpected(Wrong("the address in brackets is no IPv6 address"));
    }
    authority.remove_prefix(close + 1);
    return host;
  }
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  std::string host(authority.substr(0, colon));
  if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, IsHostChar)) {
    return std::unexpected(Wrong("the address has no host name in it"));
  }
  authority.remove_prefix(colon);
  return host;
}

// "" or ":PORT".
Result<std::string> PortOf(std::string_view rest) {
  if (rest.empty()) return std::string("80");
  const auto number = rest.front() == ':' ? ParseDecimal(rest.substr(1)) : std::nullopt;
  if (!number.has_value() || *number == 0 || *number > 65'535) {
    return std::unexpected(Wrong("the address has no port number behind its host"));
  }
  return std::to_string(*number);
}

}  // namespace

std::string PrometheusAddress::Authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != "80") text += ":" + port;
  return text;
}

Result<PrometheusAddress> ParsePrometheusAddress(std::string_view address) {
  if (address.size() > kPrometheusAddressMax) return std::unexpected(Wrong("the address is longer than 2,048 bytes"));
  if (StartsWithIgnoreCase(address, "https://")) {
    return std::unexpected(Wrong("Prometheus is asked in plain HTTP only",
                                 "reach it by http:// inside the cluster, or through a local proxy that speaks TLS"));
  }
  if (!StartsWithIgnoreCase(address, kScheme)) return std::unexpected(Wrong("the address does not begin with http://"));
  std::string_view rest = address.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  std::string_view prefix = rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return std::unexpected(Wrong("the address holds a user name or password, which is not sent",
                                 "let Prometheus be reached without one inside the cluster"));
  }
  if (prefix.find_first_of("?#") != std::string_view::npos) {
    return std::unexpected(Wrong("the address holds a query", "write the address alone, and PromQL in `query`"));
  }
  if (!std::ranges::all_of(prefix, IsPathChar)) {
    return std::unexpected(Wrong("the path of the address holds characters that a URL cannot", "percent-encode them"));
  }
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  auto host = TakeHost(authority);
  if (!host.has_value()) return std::unexpected(host.error());
  auto port = PortOf(authority);
  if (!port.has_value()) return std::unexpected(port.error());
  return PrometheusAddress{std::move(*host), std::move(*port), std::string(prefix)};
}

}  // namespace sluice::core

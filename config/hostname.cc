#include "config/hostname.h"

#include "core/base/text.h"

#include "config/format.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

bool IsLabel(std::string_view text, bool underscore_and_case) {
  const auto inner = [&](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    return plain || (underscore_and_case && (c == '_' || (c >= 'A' && c <= 'Z')));
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, inner);
}

// inet_pton is arithmetic on text; it asks no resolver.
bool IsIp(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return text.size() < INET6_ADDRSTRLEN && inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool InClusterDomain(std::string_view host) {
  return host.size() > kClusterDomain.size() + 1 && host.ends_with(kClusterDomain) &&
         host[host.size() - kClusterDomain.size() - 1] == '.';
}

// "name.ns" of name.ns.svc.cluster.local; empty when the host has another shape.
std::string_view NameAndNamespace(std::string_view host) {
  if (!InClusterDomain(host)) return {};
  const std::string_view front = host.substr(0, host.size() - kClusterDomain.size() - 1);
  return std::ranges::count(front, '.') == 1 && !front.starts_with('*') ? front : std::string_view();
}

}  // namespace

bool IsDnsLabel(std::string_view text) { return IsLabel(text, false); }

bool IsHostName(std::string_view text, bool wildcard) {
  if (text.size() > 253) return false;
  if (wildcard && text == "*") return true;
  if (wildcard && text.starts_with("*.")) text.remove_prefix(2);
  if (text.ends_with('.')) text.remove_suffix(1);
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsLabel(text.substr(0, dot), true)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsIpLiteral(std::string_view text) { return IsIp(AF_INET, text) || IsIp(AF_INET6, text); }

bool IsCidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  if (!IsIpLiteral(address)) return false;
  if (slash == std::string_view::npos) return true;
  const auto length = core::ParseDecimal(text.substr(slash + 1));
  return length.has_value() && *length <= (IsIp(AF_INET, address) ? 32U : 128U);
}

std::string ExpandHost(std::string_view host, std::string_view name_space) {
  std::string folded = core::Fold(host);
  if (folded.size() > 1 && folded.ends_with('.')) folded.pop_back();
  if (folded == "*" || folded.contains('.') || IsIpLiteral(folded)) return folded;
  return Format("{}.{}.{}", folded, name_space, kClusterDomain);
}

std::vector<std::string> ServiceNames(std::string_view fqdn) {
  std::vector<std::string> names = {std::string(fqdn)};
  const std::string_view pair = NameAndNamespace(fqdn);
  if (!pair.empty()) {
    names.push_back(Format("{}.svc", pair));
    names.emplace_back(pair);
  }
  return names;
}

std::string ShortName(std::string_view fqdn) {
  if (IsIpLiteral(fqdn)) return std::string(fqdn);
  return std::string(fqdn.substr(0, fqdn.find('.')));
}

std::string NamespaceOf(std::string_view fqdn) {
  const std::string_view pair = NameAndNamespace(fqdn);
  return pair.empty() ? std::string() : std::string(pair.substr(pair.find('.') + 1));
}

bool HostCovers(std::string_view pattern, std::string_view host) {
  if (pattern == "*" || pattern == host) return true;
  if (!pattern.starts_with('*')) return false;
  const std::string_view suffix = pattern.substr(1);  // ".foo.com"
  if (host.starts_with('*')) host.remove_prefix(1);
  return host.size() >= suffix.size() && host.ends_with(suffix) && host != suffix;
}

std::string JoinHostPort(std::string_view address, std::uint16_t port) {
  return Format(address.contains(':') ? "[{}]:{}" : "{}:{}", address, port);
}

}  // namespace sluice::config

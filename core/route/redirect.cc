#include "core/route/redirect.h"

#include <array>
#include <charconv>
#include <optional>

#include "core/base/text.h"
#include "core/route/rewrite.h"

namespace sluice::core {
namespace {

struct HostPort {
  std::string_view host;  // brackets of an IPv6 literal included
  std::string_view port;  // digits, or empty
};

HostPort Split(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) {
    return {authority, {}};
  }
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool IsDefaultPort(std::string_view scheme, std::string_view port) {
  return (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
}

std::string_view Digits(std::uint16_t port, std::array<char, 5>& buffer) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), port).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

}  // namespace

std::string_view RedirectLocation(const Redirect& redirect, const RouteMatch* match, const RouteInput& input,
                                  Arena& arena) {
  const Head& request = *input.head;
  std::string_view path = input.path;
  if (redirect.uri) {
    path = *redirect.uri;
  } else if (redirect.prefix_rewrite) {
    path = ReplaceMatched(match, path, *redirect.prefix_rewrite, arena);
  }
  // A query written in the rule takes the place of the client's.
  const std::string_view target = path.find('?') != std::string_view::npos ? path : JoinQuery(path, input.query, arena);

  const std::string_view authority = redirect.authority ? *redirect.authority : request.authority;
  if (authority.empty()) return target;
  const std::string_view scheme = redirect.scheme ? std::string_view(*redirect.scheme) : request.scheme;
  HostPort where = Split(authority);
  std::array<char, 5> buffer;
  if (redirect.port) {
    where.port = Digits(*redirect.port, buffer);
  } else if (redirect.derive_port == Redirect::DerivePort::kFromProtocolDefault) {
    where.port = {};
  } else if (redirect.derive_port == Redirect::DerivePort::kFromRequestPort) {
    where.port = Digits(input.listener_port, buffer);
  } else if (!redirect.authority && scheme != request.scheme && IsDefaultPort(request.scheme, where.port)) {
    where.port = {};
  }
  if (IsDefaultPort(scheme, where.port)) where.port = {};
  return arena.Concat(scheme, "://", where.host, where.port.empty() ? "" : ":", where.port, target);
}

}  // namespace sluice::core

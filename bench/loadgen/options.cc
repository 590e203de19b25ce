#include "bench/loadgen/options.h"

#include <charconv>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

constexpr std::uint64_t kBodyMax = 64ULL << 20;  // every connection holds its request while sending

struct Url {
  std::string host;
  std::string port;
  std::string authority;
  std::string target;
};

core::Result<Url> ParseUrl(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const std::string shown(text);
  if (!text.starts_with(kScheme)) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + shown + "' is not an http:// address",
                      "write http://HOST:PORT/PATH");
  }
  text.remove_prefix(kScheme.size());
  const auto slash = text.find_first_of("/?");
  const std::string_view authority = text.substr(0, slash);
  Url url;
  url.authority = authority;
  url.target = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
  if (url.target.front() == '?') url.target.insert(0, "/");
  if (url.target.find_first_of(" \t\r\n") != std::string::npos) {
    return core::Fail(ErrorCode::kInvalidArgument, "the path of '" + shown + "' has a blank", "write %20");
  }
  std::string_view host = authority;
  std::string_view port = "80";
  const auto colon = authority.rfind(':');
  const bool bracketed = authority.starts_with('[') && authority.ends_with(']');
  if (colon != std::string_view::npos && !bracketed) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto number = core::ParseDecimal(port);
  if (host.empty() || !number || *number == 0 || *number > 65535) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + shown + "' has no usable host and port",
                      "write http://HOST:PORT/PATH");
  }
  url.host = host;
  url.port = port;
  return url;
}

// Appends "Name: value\r\n" and notes what it is; false when it is no header field.
bool AppendField(std::string& out, std::string_view field, bool& has_host, bool& has_length) {
  const auto colon = field.find(':');
  if (colon == std::string_view::npos || !core::IsToken(field.substr(0, colon)) ||
      field.find_first_of("\r\n") != std::string_view::npos) {
    return false;
  }
  const std::string_view name = field.substr(0, colon);
  has_host |= core::EqualsIgnoreCase(name, "host");
  has_length |= core::EqualsIgnoreCase(name, "content-length") || core::EqualsIgnoreCase(name, "transfer-encoding");
  out.append(name).append(": ").append(core::Trim(field.substr(colon + 1))).append("\r\n");
  return true;
}

}  // namespace

core::Status ComposeRequest(const RequestParts& parts, LoadOptions& options) {
  const auto url = ParseUrl(parts.url);
  if (!url) return std::unexpected(url.error());
  if (!core::IsToken(parts.method)) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + parts.method + "' is not a method");
  }
  if (parts.body.size() > kBodyMax || parts.body_bytes > kBodyMax) {
    return core::Fail(ErrorCode::kLimitExceeded, "the body is larger than 64 MiB");
  }
  std::string text = parts.method + " " + url->target + " HTTP/1.1\r\n";
  std::string fields;
  bool has_host = false;
  bool has_length = false;
  for (const std::string& field : parts.headers) {
    if (!AppendField(fields, field, has_host, has_length)) {
      return core::Fail(ErrorCode::kInvalidArgument, "'" + field + "' is not a header field", "write 'Name: value'");
    }
  }
  if (!has_host) text += "Host: " + url->authority + "\r\n";
  const std::string body = parts.body.empty() ? std::string(parts.body_bytes, 'x') : parts.body;
  if (!has_length && (!body.empty() || parts.method == "POST" || parts.method == "PUT")) {
    fields += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  // The body is left out of the template: a place in it would change the length that was announced.
  auto request = TextTemplate::Parse(text + fields + "\r\n");
  if (!request) return std::unexpected(request.error());
  options.host = url->host;
  options.port = url->port;
  options.head_method = parts.method == "HEAD";
  options.request = std::move(*request);
  options.body = body;
  return {};
}

core::Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = error == std::errc() ? text.substr(static_cast<std::size_t>(end - text.data())) : "?";
  double factor = 0;
  if (unit == "us") factor = 1e3;
  if (unit == "ms") factor = 1e6;
  if (unit == "s") factor = 1e9;
  if (unit == "m") factor = 60e9;
  if (factor == 0 || !(value > 0) || value * factor > 86400e9) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not a duration",
                      "write for example 10s, 500ms or 2m, up to a day");
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value * factor));
}

}  // namespace sluice::bench

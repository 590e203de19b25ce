#include "bench/loadgen/request_mix.h"

#include <algorithm>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

constexpr std::uint64_t kBodyMax = 64ULL << 20;

struct Url {
  bool tls = false;
  std::string host;
  std::string port;
  std::string authority;
  std::string target;
};

core::Result<Url> ParseUrl(std::string_view text) {
  const std::string shown(text);
  Url url;
  url.tls = text.starts_with("https://");
  if (!url.tls && !text.starts_with("http://")) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + shown + "' is not an http:// or https:// address",
                      "write http://HOST:PORT/PATH");
  }
  text.remove_prefix(url.tls ? 8 : 7);
  const auto slash = text.find_first_of("/?");
  const std::string_view authority = text.substr(0, slash);
  url.authority = authority;
  url.target = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
  if (url.target.front() == '?') url.target.insert(0, "/");
  if (url.target.find_first_of(" \t\r\n") != std::string::npos) {
    return core::Fail(ErrorCode::kInvalidArgument, "the path of '" + shown + "' has a blank", "write %20");
  }
  std::string_view host = authority;
  std::string_view port = url.tls ? "443" : "80";
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

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

core::Result<RequestMix> RequestMix::FromParts(const RequestParts& parts) {
  const auto url = ParseUrl(parts.url);
  if (!url) return std::unexpected(url.error());
  const std::string method = parts.grpc ? "POST" : parts.method;
  if (!core::IsToken(method)) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + method + "' is not a method");
  }
  if (parts.body.size() > kBodyMax || parts.body_bytes > kBodyMax) {
    return core::Fail(ErrorCode::kLimitExceeded, "the body is larger than 64 MiB");
  }
  RequestMix mix;
  std::string body = parts.body.empty() ? std::string(parts.body_bytes, 'x') : parts.body;
  if (parts.grpc) {
    std::string prefix(5, '\0');
    for (std::size_t i = 0; i < 4; ++i) prefix[i + 1] = static_cast<char>(body.size() >> (24 - 8 * i));
    body.insert(0, prefix);
  }
  std::string authority = url->authority;
  bool has_host = false;
  bool has_length = false;
  std::string text;
  std::vector<std::pair<std::string, std::string>> plain;
  for (const std::string& field : parts.headers) {
    const auto colon = field.find(':');
    if (colon == std::string::npos || !core::IsToken(std::string_view(field).substr(0, colon)) ||
        field.find_first_of("\r\n") != std::string::npos) {
      return core::Fail(ErrorCode::kInvalidArgument, "'" + field + "' is not a header field", "write 'Name: value'");
    }
    const std::string name = field.substr(0, colon);
    const std::string value(core::Trim(std::string_view(field).substr(colon + 1)));
    text.append(name).append(": ").append(value).append("\r\n");
    const std::string lower = Lower(name);
    if (lower == "host") {
      has_host = true;
      authority = value;
    } else if (lower == "content-length" || lower == "transfer-encoding") {
      has_length = true;
      if (lower == "content-length") plain.emplace_back(lower, value);
    } else if (lower != "connection") {
      plain.emplace_back(lower, value);
    }
  }
  std::string start = method;
  start.append(" ").append(url->target).append(" HTTP/1.1\r\n");
  if (!has_host) start.append("Host: ").append(url->authority).append("\r\n");
  if (!has_length && (!body.empty() || method == "POST" || method == "PUT")) {
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    if (!parts.grpc) plain.emplace_back("content-length", std::to_string(body.size()));
  }
  start.append(text).append("\r\n");
  auto head = TextTemplate::Parse(start);
  if (!head) return std::unexpected(head.error());
  std::vector<std::pair<std::string, std::string>> all{
      {":method", method}, {":scheme", url->tls ? "https" : "http"}, {":authority", authority}, {":path", url->target}};
  if (parts.grpc) {
    all.emplace_back("content-type", "application/grpc");
    all.emplace_back("te", "trailers");
  }
  all.insert(all.end(), plain.begin(), plain.end());
  for (auto& [name, value] : all) {
    auto parsed = TextTemplate::Parse(value);
    if (!parsed) return std::unexpected(parsed.error());
    mix.fields_.push_back({name, std::move(*parsed)});
  }
  mix.host_ = url->host;
  mix.port_ = url->port;
  mix.tls_ = url->tls;
  mix.head_method_ = method == "HEAD";
  mix.head_ = std::move(*head);
  mix.body_ = std::move(body);
  return mix;
}

void RequestMix::AppendHead(std::string& out, const RequestDraw& draw) const {
  core::Random random(draw.seed);
  head_.Append(out, draw.number, random);
}

void RequestMix::Fields(const RequestDraw& draw, std::string& arena, std::vector<FieldView>& out) const {
  core::Random random(draw.seed);
  arena.clear();
  arena.reserve(64 * 1024);
  for (const FieldTemplate& field : fields_) {
    const std::size_t from = arena.size();
    field.value.Append(arena, draw.number, random);
    out.push_back({field.name, std::string_view(arena).substr(from)});
  }
}

}  // namespace sluice::bench

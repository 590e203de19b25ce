#include "bench/loadgen/request_kind.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;
using std::chrono::nanoseconds;

constexpr std::size_t kAuthorityField = 2;  // after :method and :scheme

// The 5 bytes before a gRPC message: not compressed, length in network order.
std::string FramePrefix(std::size_t size) {
  std::string prefix(5, '\0');
  for (std::size_t i = 0; i < 4; ++i) prefix[i + 1] = static_cast<char>(size >> (24 - 8 * i));
  return prefix;
}

bool NamesHost(const std::string& line) { return core::EqualsIgnoreCase(line.substr(0, line.find(':')), "host"); }

}  // namespace

core::Result<Target> ParseTarget(std::string_view url) {
  const std::string shown(url);
  Target target;
  target.tls = url.starts_with("https://");
  if (!target.tls && !url.starts_with("http://")) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + shown + "' is not an http:// or https:// address",
                      "write http://HOST:PORT/PATH");
  }
  url.remove_prefix(target.tls ? 8 : 7);
  const auto slash = url.find_first_of("/?");
  const std::string_view authority = url.substr(0, slash);
  target.authority = authority;
  target.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  std::string_view host = authority;
  std::string_view port = target.tls ? "443" : "80";
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
  target.host = host;
  target.port = port;
  return target;
}

std::uint64_t BodySize::Draw(core::Random& random) const {
  if (law == Law::kFixed || min >= max) return max;
  if (law == Law::kUniform) return min + random.Below(max - min + 1);
  // Draws beyond the bounds are drawn again, so that nothing piles up at them; the bounds may be far off the median.
  constexpr int kTriesMax = 64;
  double size = median;
  for (int i = 0; i < kTriesMax; ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - random.Fraction()));
    const double normal = radius * std::cos(2 * std::numbers::pi * random.Fraction());
    size = median * std::exp(sigma * normal);
    if (size >= static_cast<double>(min) && size <= static_cast<double>(max)) break;
  }
  return static_cast<std::uint64_t>(std::clamp(size, static_cast<double>(min), static_cast<double>(max)));
}

nanoseconds ThinkTime::Draw(core::Random& random) const {
  if (!exponential) return mean;
  const double scaled = -std::log(1 - random.Fraction()) * static_cast<double>(mean.count());
  return nanoseconds(static_cast<std::int64_t>(scaled));
}

core::Result<RequestKind> RequestKind::Compile(const KindSpec& spec, const Target& target) {
  const std::string method = spec.grpc ? "POST" : spec.method;
  if (!core::IsToken(method)) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + method + "' is not a method", "write for example POST");
  }
  if (spec.body.size() > BodySize::kMax || spec.body_size.max > BodySize::kMax) {
    return core::Fail(ErrorCode::kLimitExceeded, "the body is larger than 64 MiB", "ask for a smaller one");
  }
  RequestKind kind;
  kind.name_ = spec.name;
  kind.weight_ = spec.weight;
  kind.is_head_ = method == "HEAD";
  kind.grpc_ = spec.grpc;
  kind.think_ = spec.think;
  if (spec.body.empty()) kind.body_size_ = spec.body_size;
  if (spec.grpc && kind.body_varies()) {
    return core::Fail(ErrorCode::kInvalidArgument, "messages of gRPC have one size for each entry",
                      "write bodyBytes as a number, in several entries for several sizes");
  }
  if (!kind.body_varies()) kind.body_ = spec.body.empty() ? std::string(spec.body_size.max, 'x') : spec.body;
  if (spec.grpc) kind.body_.insert(0, FramePrefix(kind.body_.size()));
  if (auto added = kind.AddPath(spec, method, target); !added) return std::unexpected(added.error());
  if (std::ranges::none_of(spec.headers, NamesHost) && std::ranges::none_of(spec.user_headers, NamesHost)) {
    std::string line = "Host: ";
    kind.head_.Join(*TextTemplate::Parse(line.append(target.authority).append("\r\n")));
  }
  for (const std::string& line : spec.headers) {
    if (auto added = kind.AddHeader(line, spec.user_places); !added) return std::unexpected(added.error());
  }
  for (const std::string& line : spec.user_headers) {
    if (auto added = kind.AddHeader(line, true); !added) return std::unexpected(added.error());
  }
  const bool has_body = !kind.body_.empty() || kind.body_varies() || method == "POST" || method == "PUT";
  if (kind.body_varies() && kind.has_length_) {
    return core::Fail(ErrorCode::kInvalidArgument, "a body whose size varies has no fixed Content-Length",
                      "leave the header out; it is added");
  }
  if (has_body && !kind.has_length_ && !kind.body_varies()) {
    std::string line = "Content-Length: ";
    line.append(std::to_string(kind.body_.size())).append("\r\n");
    kind.head_.Join(*TextTemplate::Parse(line));
    if (!spec.grpc) {
      if (auto added = kind.AddField("content-length", std::to_string(kind.body_.size()), false); !added)
        return std::unexpected(added.error());
    }
  }
  kind.varies_ = kind.varies_ || kind.body_varies();
  constexpr std::size_t kLengthField = 20;
  kind.arena_bytes_ += kLengthField;
  return kind;
}

core::Status RequestKind::AddPath(const KindSpec& spec, const std::string& method, const Target& target) {
  std::string path = spec.path.empty() ? target.path : spec.path;
  if (path.front() == '?') path.insert(0, "/");
  if (path.front() != '/' && path != "*") {
    return core::Fail(ErrorCode::kInvalidArgument, "the path '" + path + "' does not begin with a slash",
                      "write /" + path);
  }
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return core::Fail(ErrorCode::kInvalidArgument, "the path '" + path + "' has a blank", "write %20");
  }
  std::string line = method;
  line.append(" ").append(path).append(" HTTP/1.1\r\n");
  auto start = TextTemplate::Parse(line, spec.user_places);
  if (!start) return std::unexpected(start.error());
  head_ = std::move(*start);
  varies_ = head_.random();
  for (const auto& [name, value] :
       {std::pair{":method", std::string_view(method)},
        std::pair{":scheme", std::string_view(target.tls ? "https" : "http")},
        std::pair{":authority", std::string_view(target.authority)}, std::pair{":path", std::string_view(path)}}) {
    if (auto added = AddField(name, value, spec.user_places); !added) return added;
  }
  if (!spec.grpc) return {};
  if (auto added = AddField("content-type", "application/grpc", false); !added) return added;
  return AddField("te", "trailers", false);
}

core::Status RequestKind::AddField(std::string name, std::string_view value, bool users) {
  auto parsed = TextTemplate::Parse(value, users);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->constant()) arena_bytes_ += parsed->size_max();
  fields_.push_back({std::move(name), std::move(*parsed)});
  return {};
}

core::Status RequestKind::AddHeader(const std::string& line, bool users) {
  const auto colon = line.find(':');
  if (colon == std::string::npos || !core::IsToken(std::string_view(line).substr(0, colon)) ||
      line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + line + "' is not a header field", "write 'Name: value'");
  }
  const std::string name = line.substr(0, colon);
  const std::string_view value = core::Trim(std::string_view(line).substr(colon + 1));
  std::string written = name;
  written.append(": ").append(value).append("\r\n");
  auto parsed = TextTemplate::Parse(written, users);
  if (!parsed) return std::unexpected(parsed.error());
  head_.Join(*parsed);
  varies_ = varies_ || parsed->random();
  std::string lower = core::Fold(name);
  if (lower == "content-length" || lower == "transfer-encoding") has_length_ = true;
  // HTTP/2 has neither; RFC 9113 section 8.2.2.
  if (lower == "connection" || lower == "transfer-encoding") return {};
  if (lower != "host") return AddField(std::move(lower), value, users);
  auto authority = TextTemplate::Parse(value, users);
  if (!authority) return std::unexpected(authority.error());
  arena_bytes_ += authority->size_max();
  fields_[kAuthorityField].value = std::move(*authority);
  return {};
}

void RequestKind::AppendHead(std::string& out, const TextTemplate::Values& values, std::uint64_t seed,
                             std::uint64_t body_bytes) const {
  if (head_.constant()) {
    out += head_.text();
  } else {
    core::Random random(seed);
    head_.Append(out, values, random);
  }
  if (body_varies()) out.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
  out.append("\r\n");
}

void RequestKind::Fields(std::string& arena, std::vector<FieldView>& out, const TextTemplate::Values& values,
                         std::uint64_t seed, std::uint64_t body_bytes) const {
  core::Random random(seed);
  arena.clear();
  arena.reserve(arena_bytes_);  // so that no view moves
  for (const FieldTemplate& field : fields_) {
    if (field.value.constant()) {
      out.push_back({field.name, field.value.text()});
      continue;
    }
    const std::size_t from = arena.size();
    field.value.Append(arena, values, random);
    out.push_back({field.name, std::string_view(arena).substr(from)});
  }
  if (!body_varies()) return;
  const std::size_t from = arena.size();
  arena += std::to_string(body_bytes);
  out.push_back({"content-length", std::string_view(arena).substr(from)});
}

}  // namespace sluice::bench

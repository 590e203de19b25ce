#include "gateway/codec/h1_parser.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/http/field_text.h"
#include "core/http/hop_headers.h"
#include "core/http/host_port.h"
#include "core/http/upgrade.h"
#include "core/http/websocket_handshake.h"
#include "gateway/codec/field_lexer.h"
#include "gateway/codec/second_reader.h"

namespace sluice::gateway {
namespace {

using core::HeaderName;

constexpr std::string_view kVersion11 = "HTTP/1.1";
constexpr std::string_view kVersion10 = "HTTP/1.0";

std::unexpected<ProtocolFault> Fault(std::uint16_t status, std::string_view details) {
  return std::unexpected(ProtocolFault{status, details});
}

// Where one message ends, or whom it is for, could be read in more than one way.
std::unexpected<ProtocolFault> Ambiguous(std::uint16_t status, std::string_view details) {
  return std::unexpected(ProtocolFault{.status = status, .details = details, .ambiguous = true});
}

std::unexpected<ProtocolFault> FramingError(core::FramingFault fault) {
  return Ambiguous(core::FramingStatus(fault), core::FramingDetails(fault));
}

// The fields of the block behind its start line, which `head` already holds. The strict lexer fills the head; a head that
// two readers might take differently is read again by another.
std::expected<void, ProtocolFault> ReadFields(char* block, std::size_t size, std::size_t start_line,
                                              const CodecLimits& limits, core::Head& head) {
  const auto good = LexFields(block + start_line, size - start_line, limits.header_name_max, head.headers);
  if (!good) return good;
  if (limits.read_heads_twice || IsContested(head)) return ReadAgain({block, size}, head);
  return {};
}

// The version at the end of a request line or the beginning of a status line: 1.1, 1.0, or a fault.
std::expected<bool, ProtocolFault> ReadVersion(std::string_view text) {
  if (text == kVersion11) return true;
  if (text == kVersion10) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool formed =
      text.size() == 8 && text.starts_with("HTTP/") && digit(text[5]) && text[6] == '.' && digit(text[7]);
  return formed ? Fault(505, "http1.unsupported_version") : Fault(400, "http1.codec_error");
}

// method SP target SP version: exactly two blanks, nothing invisible.
std::expected<bool, ProtocolFault> ReadRequestLine(std::string_view line, core::Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return Fault(400, "http1.codec_error");
  head.method = line.substr(0, first);
  head.path = line.substr(first + 1, second - first - 1);
  if (!core::IsToken(head.method) || head.path.empty() || !core::IsVisibleText(head.path)) {
    return Fault(400, "http1.codec_error");
  }
  const auto version = ReadVersion(line.substr(second + 1));
  if (!version) return version;
  // A tunnel and an echo of our own fields: neither is ours to offer (reliability.md B8).
  if (head.method == "CONNECT" || head.method == "TRACE") return Fault(405, "http1.method_not_allowed");
  return version;
}

// version SP 3DIGIT SP [reason]. The blank after the code is not optional (RFC 9112 section 4).
std::expected<bool, ProtocolFault> ReadStatusLine(std::string_view line, core::Head& head) {
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') return Fault(400, "http1.codec_error");
  const auto version = ReadVersion(line.substr(0, 8));
  if (!version) return version;
  const auto status = core::ParseDecimal(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return Fault(400, "http1.invalid_status");
  if (!core::IsFieldText(line.substr(13))) return Fault(400, "http1.codec_error");
  head.status = static_cast<std::uint16_t>(*status);
  return version;
}

// Splits an absolute target; nothing when it is none.
struct AbsoluteTarget {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // may be empty or begin with '?'
};

std::optional<AbsoluteTarget> SplitAbsolute(std::string_view target) {
  const std::size_t mark = target.find("://");
  if (target.starts_with('/') || mark == std::string_view::npos || mark > target.find_first_of("/?")) {
    return std::nullopt;
  }
  AbsoluteTarget parts;
  parts.scheme = target.substr(0, mark);
  const std::string_view rest = target.substr(mark + 3);
  const std::size_t end = rest.find_first_of("/?#");
  parts.authority = rest.substr(0, end);
  parts.path = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  return parts;
}

// Turns an absolute target into origin form. RFC 9112 section 3.2.2 would have the target win over Host; two names
// for one request are what an attacker sends, so they must agree.
std::expected<void, ProtocolFault> UseAbsoluteTarget(const AbsoluteTarget& parts, core::Head& head) {
  const bool http = core::EqualsIgnoreCase(parts.scheme, "http");
  if (!http && !core::EqualsIgnoreCase(parts.scheme, "https")) return Fault(400, "http1.invalid_url");
  if (!core::ParseHostPort(parts.authority)) return Fault(400, "http1.invalid_authority");
  if (!head.authority.empty() && !core::EqualsIgnoreCase(head.authority, parts.authority)) {
    return Ambiguous(400, "http1.host_mismatch");
  }
  head.authority = parts.authority;
  head.scheme = http ? "http" : "https";
  if (parts.path.empty()) {
    head.path = head.method == "OPTIONS" ? "*" : "/";
  } else if (parts.path.starts_with('/')) {
    head.path = parts.path;
  } else {
    head.path = head.headers.arena().Concat("/", parts.path);
  }
  return {};
}

// Exactly one Host, and a valid one (reliability.md B7); the old version may come without.
std::expected<void, ProtocolFault> ReadAuthority(core::Head& head, bool version_11) {
  const std::size_t hosts = head.headers.Count(HeaderName::kHost);
  if (hosts > 1) return Ambiguous(400, "http1.multiple_hosts");
  if (hosts == 0 && version_11) return Fault(400, "http1.missing_host");
  head.authority = head.headers.Find(HeaderName::kHost).value_or(std::string_view());
  const bool may_be_empty = !version_11 && head.authority.empty();
  if (!may_be_empty && !core::ParseHostPort(head.authority)) return Fault(400, "http1.invalid_authority");
  head.scheme = "http";
  if (head.path.starts_with('/')) return {};
  const auto absolute = SplitAbsolute(head.path);
  return absolute ? UseAbsoluteTarget(*absolute, head) : std::expected<void, ProtocolFault>();
}

// 100-continue passes through as a field; any other expectation is refused (RFC 9110 section 10.1.1).
std::expected<void, ProtocolFault> CheckExpect(core::Head& head, bool version_11) {
  if (!head.headers.Has(HeaderName::kExpect)) return {};
  if (!version_11) {
    head.headers.Remove(HeaderName::kExpect);  // "MUST ignore" for 1.0
    return {};
  }
  for (const core::HeaderMap::Field& field : head.headers.fields()) {
    if (field.code == HeaderName::kExpect && !core::EqualsIgnoreCase(field.value, "100-continue")) {
      return Fault(417, "http1.unknown_expectation");
    }
  }
  return {};
}

// A request for another protocol must leave no doubt about where it ends and what follows it (reliability.md B10).
std::expected<void, ProtocolFault> CheckUpgrade(core::Head& head, const core::BodyRule& body) {
  if (head.upgrade.empty()) return {};
  if (body.kind != core::BodyKind::kNone) return Ambiguous(400, "http1.upgrade_with_body");
  head.content_length.reset();
  if (head.upgrade != core::kWebsocket) return {};
  const bool key = head.headers.Count(HeaderName::kSecWebsocketKey) == 1 &&
                   head.headers.Find(HeaderName::kSecWebsocketKey)->size() == core::kWebsocketKeySize;
  if (head.method != "GET" || !key) return Fault(400, "http1.invalid_websocket_handshake");
  return {};
}

// What both kinds of head do last: connection options, length, removal of what concerns this hop only.
std::expected<void, ProtocolFault> Finish(core::Head& head, H1Facts& facts, bool upgrades) {
  const core::ConnectionOptions options = core::ReadConnectionOptions(head.headers);
  facts.keep_alive = facts.version_11 ? !options.close : options.keep_alive && !options.close;
  head.protocol = facts.version_11 ? kVersion11 : kVersion10;
  if (options.upgrade && facts.version_11 && upgrades) head.upgrade = core::ReadUpgrade(head.headers);
  head.content_length = facts.body.declared;
  if (!core::RemoveHopByHop(head.headers, options)) return Fault(400, "http1.connection_header_rejected");
  return {};
}

std::size_t StartLineSize(const char* block, std::size_t size) {
  const void* lf = std::memchr(block, '\n', size);
  return lf == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(lf) - block) + 1;
}

}  // namespace

std::expected<H1Facts, ProtocolFault> ParseRequestHead(char* block, std::size_t size, const CodecLimits& limits,
                                                       core::Head& head) {
  const std::size_t line = StartLineSize(block, size);
  if (line < 2) return Fault(400, "http1.codec_error");
  const auto version = ReadRequestLine({block, line - 2}, head);
  if (!version) return std::unexpected(version.error());
  H1Facts facts;
  facts.version_11 = *version;
  if (auto good = ReadFields(block, size, line, limits, head); !good) return std::unexpected(good.error());
  facts.to_head_request = head.method == "HEAD";

  const auto body = core::RequestBodyRule(head.headers, facts.version_11);
  if (!body) return FramingError(body.error());
  facts.body = *body;
  if (auto good = ReadAuthority(head, facts.version_11); !good) return std::unexpected(good.error());
  if (auto good = CheckExpect(head, facts.version_11); !good) return std::unexpected(good.error());
  if (auto good = Finish(head, facts, limits.upgrades); !good) return std::unexpected(good.error());
  if (auto good = CheckUpgrade(head, facts.body); !good) return std::unexpected(good.error());
  return facts;
}

std::expected<H1Facts, ProtocolFault> ParseResponseHead(char* block, std::size_t size, const CodecLimits& limits,
                                                        bool to_head, core::Head& head) {
  const std::size_t line = StartLineSize(block, size);
  if (line < 2) return Fault(400, "http1.codec_error");
  const auto version = ReadStatusLine({block, line - 2}, head);
  if (!version) return std::unexpected(version.error());
  H1Facts facts;
  facts.version_11 = *version;
  if (auto good = ReadFields(block, size, line, limits, head); !good) return std::unexpected(good.error());

  const auto body = core::ResponseBodyRule(head.headers, head.status, to_head, facts.version_11);
  if (!body) return FramingError(body.error());
  facts.body = *body;
  if (auto good = Finish(head, facts, head.status == 101); !good) return std::unexpected(good.error());
  if (facts.body.kind == core::BodyKind::kUntilClose) facts.keep_alive = false;
  return facts;
}

}  // namespace sluice::gateway

#include "gateway/codec/h2_headers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/base/text.h"
#include "core/http/field_text.h"
#include "core/http/framing.h"
#include "core/http/hop_headers.h"
#include "core/http/host_port.h"
#include "core/http/upgrade.h"
#include "gateway/codec/h2_memory.h"

namespace sluice::gateway {
namespace {

using core::HeaderName;

constexpr std::string_view kProtocol = "HTTP/2";
constexpr std::size_t kFirstRoom = 2048;

std::unexpected<ProtocolFault> Fault(std::uint16_t status, std::string_view details, bool ambiguous = false) {
  return std::unexpected(ProtocolFault{.status = status, .details = details, .ambiguous = ambiguous});
}

// RFC 9113 section 8.2.3: crumbs of a cookie are one field for whoever does not speak this version.
void JoinCookies(core::HeaderMap& fields) {
  std::size_t size = 0;
  for (const core::HeaderMap::Field& field : fields.fields()) {
    if (field.code == HeaderName::kCookie) size += field.value.size() + 2;
  }
  char* const text = fields.arena().AllocateArray<char>(size);
  char* at = text;
  for (const core::HeaderMap::Field& field : fields.fields()) {
    if (field.code != HeaderName::kCookie) continue;
    if (at != text) at = std::ranges::copy(std::string_view("; "), at).out;
    at = std::ranges::copy(field.value, at).out;
  }
  fields.Set(HeaderName::kCookie, std::string_view(text, static_cast<std::size_t>(at - text)));
}

// One name for one request, and a valid one (reliability.md B7).
std::expected<void, ProtocolFault> ReadAuthority(core::Head& head) {
  const std::size_t hosts = head.headers.Count(HeaderName::kHost);
  if (hosts > 1) return Fault(400, "http2.multiple_hosts", true);
  if (hosts == 1) {
    const std::string_view host = *head.headers.Find(HeaderName::kHost);
    if (head.authority.empty()) head.authority = host;
    if (!core::EqualsIgnoreCase(head.authority, host)) return Fault(400, "http2.host_mismatch", true);
  }
  if (!core::ParseHostPort(head.authority)) return Fault(400, "http2.invalid_authority");
  return {};
}

// Extended CONNECT (RFC 8441) is the older version's GET with Upgrade, and that is what the rules see.
std::expected<void, ProtocolFault> ReadUpgrade(core::Head& head) {
  head.upgrade = core::UpgradeToken(head.upgrade, head.headers.arena());
  if (head.upgrade.empty()) return Fault(400, "http2.invalid_protocol");
  if (head.headers.Has(HeaderName::kContentLength)) return Fault(400, "http2.upgrade_with_body", true);
  head.method = "GET";
  return {};
}

std::expected<void, ProtocolFault> CheckRequest(const CodecLimits& limits, core::Head& head) {
  if (!core::IsToken(head.method)) return Fault(400, "http2.invalid_method");
  if (!head.upgrade.empty() && limits.upgrades) {
    if (auto good = ReadUpgrade(head); !good) return good;
  }
  if (head.method == "CONNECT" || head.method == "TRACE") return Fault(405, "http2.method_not_allowed");
  if (head.path.empty() || !core::IsVisibleText(head.path)) return Fault(400, "http2.invalid_path");
  if (head.path.size() > limits.request_line_max) return Fault(414, "http2.path_too_long");
  for (const core::HeaderMap::Field& field : head.headers.fields()) {
    if (field.name.size() > limits.header_name_max) return Fault(431, "http2.header_name_too_long");
    if (field.code == HeaderName::kExpect && !core::EqualsIgnoreCase(field.value, "100-continue")) {
      return Fault(417, "http2.unknown_expectation");
    }
  }
  return ReadAuthority(head);
}

// Length, cookies, what concerns this hop only.
void Finish(core::Head& head) {
  head.protocol = kProtocol;
  head.wire = core::Wire::kHttp2;
  if (const auto length = core::ReadContentLength(head.headers)) head.content_length = *length;
  core::RemoveHopByHop(head.headers, {});
  if (head.headers.Count(HeaderName::kCookie) > 1) JoinCookies(head.headers);
}

// Where the text of a pseudo-header of a request belongs; null for a name that is none.
std::string_view* PlaceOf(core::Head& head, std::string_view name) {
  switch (name.size()) {
    case 5: return name == ":path" ? &head.path : nullptr;
    case 7: return name == ":method" ? &head.method : name == ":scheme" ? &head.scheme : nullptr;
    case 9: return name == ":protocol" ? &head.upgrade : nullptr;
    case 10: return name == ":authority" ? &head.authority : nullptr;
    default: return nullptr;
  }
}

std::uint8_t* BytesOf(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));  // only read from
}

}  // namespace

bool H2FieldText::Add(std::string_view name, std::string_view value) {
  const Sizes sizes{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
  const std::size_t more = sizeof sizes + name.size() + value.size();
  if (size_ + more > room_) {
    const std::size_t room = std::max({kFirstRoom, 2 * room_, size_ + more});
    auto* const bigger = static_cast<char*>(TakePiece(room));
    if (bigger == nullptr) return false;
    if (size_ > 0) std::memcpy(bigger, text_, size_);
    ReturnPiece(text_);
    text_ = bigger;
    room_ = room;
  }
  std::memcpy(text_ + size_, &sizes, sizeof sizes);
  std::memcpy(text_ + size_ + sizeof sizes, name.data(), name.size());
  std::memcpy(text_ + size_ + sizeof sizes + name.size(), value.data(), value.size());
  size_ += more;
  decoded_bytes_ += name.size() + value.size() + 32;
  if (!name.starts_with(':')) ++fields_;
  return true;
}

void H2FieldText::Clear() {
  ReturnPiece(text_);
  text_ = nullptr;
  size_ = room_ = decoded_bytes_ = 0;
  fields_ = 0;
}

std::expected<void, ProtocolFault> ReadRequestBlock(const H2FieldText& block, const CodecLimits& limits,
                                                    core::Head& head) {
  block.CopyTo(head.headers.arena(), [&head](std::string_view name, std::string_view value) {
    if (!name.starts_with(':')) return head.headers.AddBorrowed(name, value);
    if (std::string_view* const place = PlaceOf(head, name)) *place = value;
  });
  if (auto good = CheckRequest(limits, head); !good) return good;
  Finish(head);
  return {};
}

bool ReadResponseBlock(const H2FieldText& block, core::Head& head) {
  block.CopyTo(head.headers.arena(), [&head](std::string_view name, std::string_view value) {
    if (!name.starts_with(':')) return head.headers.AddBorrowed(name, value);
    if (name == ":status") head.status = static_cast<std::uint16_t>(core::ParseDecimal(value).value_or(0));
  });
  Finish(head);
  return head.status >= 100 && head.status <= 599 && head.status != 101;
}

bool AgreesToUpgrade(const core::Head& head) { return head.status >= 200 && head.status <= 299; }

void ReadTrailerBlock(const H2FieldText& block, core::HeaderMap& trailers) {
  block.CopyTo(trailers.arena(),
               [&trailers](std::string_view name, std::string_view value) { trailers.AddBorrowed(name, value); });
}

void H2FieldList::Put(std::string_view name, std::string_view value, Name kept) {
  const bool constant = kept == Name::kStatic;
  fields.push_back(
      {.name = BytesOf(name),
       .value = BytesOf(value),
       .namelen = name.size(),
       .valuelen = value.size(),
       .flags = static_cast<std::uint8_t>(constant ? NGHTTP2_NV_FLAG_NO_COPY_NAME : NGHTTP2_NV_FLAG_NONE)});
}

bool H2FieldList::PutFields(const core::HeaderMap& map) {
  core::HeaderNameSet skipped = core::kHopByHop;
  if (upgrade_) {
    skipped.Add(HeaderName::kSecWebsocketKey);
    skipped.Add(HeaderName::kSecWebsocketAccept);
  }
  for (const core::HeaderMap::Field& field : map.fields()) {
    if (skipped.Has(field.code)) continue;
    if (!field.lexed && !core::IsFieldText(field.value)) return false;
    if (field.code != HeaderName::kOther) {
      Put(core::HeaderText(field.code), field.value, Name::kStatic);
    } else {
      if (!field.lexed && !core::IsToken(field.name)) return false;
      Put(field.name, field.value, Name::kPassing);
    }
  }
  return true;
}

bool H2FieldList::PutHeaders(const core::Head& head) {
  if (head.content_length) {
    // Behind the three digits of a status.
    char* const begin = digits.data() + 3;
    const char* const end = std::to_chars(begin, digits.data() + digits.size(), *head.content_length).ptr;
    Put("content-length", {begin, static_cast<std::size_t>(end - begin)}, Name::kStatic);
  }
  return PutFields(head.headers);
}

bool H2FieldList::FillRequest(const core::Head& head) {
  if (!core::IsToken(head.method) || head.path.empty() || !core::IsVisibleText(head.path)) return false;
  if (!core::IsVisibleText(head.authority)) return false;
  upgrade_ = !head.upgrade.empty();
  Put(":method", upgrade_ ? std::string_view("CONNECT") : head.method, Name::kStatic);
  if (upgrade_) Put(":protocol", head.upgrade, Name::kStatic);
  Put(":scheme", head.scheme.empty() ? std::string_view("http") : head.scheme, Name::kStatic);
  if (!head.authority.empty()) Put(":authority", head.authority, Name::kStatic);
  Put(":path", head.path, Name::kStatic);
  return PutHeaders(head);
}

bool H2FieldList::FillResponse(const core::Head& head) {
  upgrade_ = head.status == 101;
  for (std::size_t i = 0, number = upgrade_ ? 200 : head.status; i < 3; ++i, number /= 10) {
    digits[2 - i] = static_cast<char>('0' + number % 10);
  }
  Put(":status", {digits.data(), 3}, Name::kStatic);
  return PutHeaders(head);
}

bool H2FieldList::FillTrailers(const core::HeaderMap& trailers) { return PutFields(trailers); }

void H2FieldList::FillTrailers(const H2FieldText& trailers) {
  trailers.ForEach([this](std::string_view name, std::string_view value) { Put(name, value, Name::kPassing); });
}

}  // namespace sluice::gateway

#include "core/http/framing.h"

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr std::size_t kLengthDigitsMax = 19;
constexpr std::uint64_t kLengthMax = UINT64_MAX >> 1;

// Nothing when there is no Transfer-Encoding, kChunked when it is exactly that.
std::expected<BodyKind, FramingFault> ReadCoding(const HeaderMap& fields, bool codings) {
  const auto coding = fields.Find(HeaderName::kTransferEncoding);
  if (!coding) return BodyKind::kNone;
  if (fields.Has(HeaderName::kContentLength)) return std::unexpected(FramingFault::kLengthAndCoding);
  if (!codings) return std::unexpected(FramingFault::kCodingTooOld);
  if (fields.Count(HeaderName::kTransferEncoding) != 1) return std::unexpected(FramingFault::kBadCoding);
  if (EqualsIgnoreCase(*coding, "chunked")) return BodyKind::kChunked;
  return std::unexpected(IsToken(*coding) ? FramingFault::kUnknownCoding : FramingFault::kBadCoding);
}

}  // namespace

std::uint16_t FramingStatus(FramingFault fault) { return fault == FramingFault::kUnknownCoding ? 501 : 400; }

std::string_view FramingDetails(FramingFault fault) {
  switch (fault) {
    case FramingFault::kBadLength: return "http1.invalid_content_length";
    case FramingFault::kLengthAndCoding: return "http1.content_length_and_chunked_not_allowed";
    case FramingFault::kBadCoding: return "http1.invalid_transfer_encoding";
    case FramingFault::kUnknownCoding: return "http1.unknown_transfer_encoding";
    case FramingFault::kCodingTooOld: return "http1.transfer_encoding_not_allowed";
    case FramingFault::kBodyForbidden: return "http1.body_disallowed";
  }
  return "http1.codec_error";
}

std::expected<std::optional<std::uint64_t>, FramingFault> ReadContentLength(const HeaderMap& fields) {
  const auto text = fields.Find(HeaderName::kContentLength);
  if (!text) return std::nullopt;
  const auto bad = std::unexpected(FramingFault::kBadLength);
  // Equal duplicates are refused too: a reader behind us may take the first, the last, or a list of both.
  if (text->size() > kLengthDigitsMax || fields.Count(HeaderName::kContentLength) != 1) return bad;
  const auto length = ParseDecimal(*text);
  if (!length || *length > kLengthMax) return bad;
  return *length;
}

std::expected<BodyRule, FramingFault> RequestBodyRule(const HeaderMap& fields, bool codings) {
  const auto coding = ReadCoding(fields, codings);
  if (!coding) return std::unexpected(coding.error());
  if (*coding == BodyKind::kChunked) return BodyRule{BodyKind::kChunked};
  const auto length = ReadContentLength(fields);
  if (!length) return std::unexpected(length.error());
  const std::uint64_t bytes = length->value_or(0);
  return BodyRule{bytes == 0 ? BodyKind::kNone : BodyKind::kLength, bytes, *length};
}

std::expected<BodyRule, FramingFault> ResponseBodyRule(const HeaderMap& fields, std::uint16_t status, bool to_head,
                                                       bool codings) {
  const auto coding = ReadCoding(fields, codings);
  if (!coding) return std::unexpected(coding.error());
  const auto length = ReadContentLength(fields);
  if (!length) return std::unexpected(length.error());
  if (status < 200 || status == 204) {
    // RFC 9110 section 8.6 forbids both fields here. A zero length is common and harmless; anything else means that
    // bytes may follow which another reader would take for a body.
    const bool announces = *coding == BodyKind::kChunked || length->value_or(0) > 0;
    if (announces) return std::unexpected(FramingFault::kBodyForbidden);
    return BodyRule{.declared = *length};
  }
  // These two may carry the fields that the full answer would have had (RFC 9110 sections 9.3.2 and 15.4.5).
  if (to_head || status == 304) return BodyRule{.declared = *length};
  if (*coding == BodyKind::kChunked) return BodyRule{BodyKind::kChunked};
  if (!length->has_value()) return BodyRule{BodyKind::kUntilClose};
  return BodyRule{**length == 0 ? BodyKind::kNone : BodyKind::kLength, **length, *length};
}

}  // namespace sluice::core

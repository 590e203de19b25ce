// Which body length rule a message follows, decided from its raw fields before anything is stripped. Refuses every
// shape that two readers could frame differently (reliability.md section 5.2, B1 to B3 and B13); never guesses.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/http/header_map.h"

namespace sluice::core {

enum class BodyKind : std::uint8_t {
  kNone,    // the message ends with its head
  kLength,  // exactly BodyRule::length bytes, at least one
  kChunked,
  kUntilClose,  // answers only
};

struct BodyRule {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;                 // of the body that follows; bytes
  std::optional<std::uint64_t> declared{};  // Content-Length, also where no body follows
};

enum class FramingFault : std::uint8_t {
  kBadLength,        // Content-Length repeated, a list, signed, empty, more than 19 digits, above 2^63 - 1
  kLengthAndCoding,  // Content-Length beside Transfer-Encoding
  kBadCoding,        // Transfer-Encoding repeated, decorated, or a list
  kUnknownCoding,    // one well-formed coding that is not chunked
  kCodingTooOld,     // Transfer-Encoding in a message of a version that has none
  kBodyForbidden,    // a body announced where the status allows none
};

// What a server answers: 501 for kUnknownCoding (RFC 9112 section 6.1), else 400.
std::uint16_t FramingStatus(FramingFault fault);
// Response code details for the access log. Static storage.
std::string_view FramingDetails(FramingFault fault);

// The value of the only Content-Length: 1 to 19 digits and nothing else. Absent: no value. Wrong: kBadLength.
std::expected<std::optional<std::uint64_t>, FramingFault> ReadContentLength(const HeaderMap& fields);

// `codings`: whether the message's version knows transfer codings (1.1 does, 1.0 does not).
std::expected<BodyRule, FramingFault> RequestBodyRule(const HeaderMap& fields, bool codings);

// `to_head`: whether the answered request was a HEAD.
std::expected<BodyRule, FramingFault> ResponseBodyRule(const HeaderMap& fields, std::uint16_t status, bool to_head,
                                                       bool codings);

}  // namespace sluice::core

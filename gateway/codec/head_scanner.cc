#include "gateway/codec/head_scanner.h"

#include <algorithm>
#include <cstring>

#include "core/http/field_text.h"

namespace sluice::gateway {

HeadScanner::Result HeadScanner::Fail(std::uint16_t status, std::string_view details) {
  fault_ = ProtocolFault{status, details};
  return Result::kFault;
}

HeadScanner::Result HeadScanner::EndLine(std::string_view line, const Limits& limits) {
  // Only CRLF ends a line (RFC 9112 section 2.2 lets us refuse a bare LF). `line` still holds its CR.
  if (!line.ends_with('\r')) return Fail(400, "http1.bare_lf");
  const bool is_start = lines_ == 0 && limits.first_line_max > 0;
  if (is_start && line.size() - 1 > limits.first_line_max) return Fail(414, "http1.request_line_too_long");
  if (line.size() == 1) return is_start ? Fail(400, "http1.codec_error") : Result::kComplete;
  ++lines_;
  const std::uint32_t fields = lines_ - (limits.first_line_max > 0 ? 1 : 0);
  if (fields > limits.fields_max) return Fail(431, "http1.too_many_headers");
  return Result::kNeedMore;
}

// A line without an end: a peer that speaks something else altogether is told so at once, not at the head deadline.
HeadScanner::Result HeadScanner::CheckTail(std::string_view line, const Limits& limits) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const bool is_start = lines_ == 0 && limits.first_line_max > 0;
  if (is_start && line.size() > limits.first_line_max) return Fail(414, "http1.request_line_too_long");
  const std::size_t seen = std::max(scanned_, line_start_) - line_start_;
  if (seen < line.size() && !core::IsFieldText(line.substr(seen))) return Fail(400, "http1.codec_error");
  return Result::kNeedMore;
}

HeadScanner::Result HeadScanner::Scan(std::string_view text, const Limits& limits) {
  while (true) {
    const void* const hit = std::memchr(text.data() + scanned_, '\n', text.size() - scanned_);
    if (hit == nullptr) break;
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    if (lf >= limits.bytes_max) return Fail(431, "http1.headers_too_large");
    const Result result = EndLine(text.substr(line_start_, lf - line_start_), limits);
    scanned_ = line_start_ = static_cast<std::uint32_t>(lf + 1);
    if (result != Result::kNeedMore) return result;
  }
  if (text.size() >= limits.bytes_max) {
    const bool is_start = lines_ == 0 && limits.first_line_max > 0;
    return is_start ? Fail(414, "http1.request_line_too_long") : Fail(431, "http1.headers_too_large");
  }
  const Result result = CheckTail(text.substr(line_start_), limits);
  // The last byte may be the CR of a CRLF: look at it again when its neighbour is there.
  const std::size_t looked = text.ends_with('\r') ? text.size() - 1 : text.size();
  scanned_ = std::max(scanned_, static_cast<std::uint32_t>(looked));
  return result;
}

}  // namespace sluice::gateway

#include "core/http/chunked_decoder.h"

#include <algorithm>

#include "core/http/field_text.h"

namespace sluice::core {
namespace {

constexpr std::uint8_t kDigitsMax = 16;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsTchar(char c) { return FoldToken(c) != 0; }

bool IsQuotable(char c) { return IsFieldText({&c, 1}); }

}  // namespace

// Blanks are refused everywhere on the line: RFC 9112 calls them bad, and readers disagree about them.
ChunkedDecoder::State ChunkedDecoder::OnSizeByte(char c) {
  if (const int value = HexValue(c); value >= 0) {
    if (++digits_ > kDigitsMax) return State::kFailed;
    remaining_ = (remaining_ << 4) | static_cast<std::uint64_t>(value);
    return State::kSize;
  }
  if (state_ == State::kSizeFirst) return State::kFailed;
  if (c == ';') return State::kExtName;
  return c == '\r' ? State::kSizeLf : State::kFailed;
}

ChunkedDecoder::State ChunkedDecoder::OnExtensionByte(char c) const {
  const auto ends = [](char byte) {
    if (byte == ';') return State::kExtName;
    return byte == '\r' ? State::kSizeLf : State::kFailed;
  };
  switch (state_) {
    case State::kExtName: return IsTchar(c) ? State::kExtNameMore : State::kFailed;
    case State::kExtNameMore:
      if (IsTchar(c)) return State::kExtNameMore;
      return c == '=' ? State::kExtValue : ends(c);
    case State::kExtValue:
      if (c == '"') return State::kExtQuoted;
      return IsTchar(c) ? State::kExtToken : State::kFailed;
    case State::kExtToken: return IsTchar(c) ? State::kExtToken : ends(c);
    case State::kExtQuoted:
      if (c == '"') return State::kExtAfter;
      if (c == '\\') return State::kExtEscaped;
      return IsQuotable(c) ? State::kExtQuoted : State::kFailed;
    case State::kExtEscaped: return IsQuotable(c) ? State::kExtQuoted : State::kFailed;
    case State::kExtAfter: return ends(c);
    default: return State::kFailed;
  }
}

ChunkedDecoder::State ChunkedDecoder::OnSizeLineEnd() {
  line_ = 0;
  digits_ = 0;
  overhead_ -= std::min<std::uint64_t>(overhead_, limits_.chunk_free);
  if (remaining_ == 0) return State::kDone;
  if (remaining_ > limits_.body_max - std::min(body_, limits_.body_max)) return State::kOverflow;
  body_ += remaining_;
  return State::kData;
}

ChunkedDecoder::State ChunkedDecoder::OnLineByte(char c) {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize: return OnSizeByte(c);
    case State::kSizeLf: return c == '\n' ? OnSizeLineEnd() : State::kFailed;
    case State::kDataCr: return c == '\r' ? State::kDataLf : State::kFailed;
    case State::kDataLf: line_ = 0; return c == '\n' ? State::kSizeFirst : State::kFailed;
    default: return OnExtensionByte(c);
  }
}

ChunkedDecoder::Event ChunkedDecoder::Next(std::string_view& input, std::string_view& data) {
  while (true) {
    switch (state_) {
      case State::kDone: return Event::kTrailers;
      case State::kFailed: return Event::kMalformed;
      case State::kOverflow: return Event::kTooLarge;
      default: break;
    }
    if (input.empty()) return Event::kNeedMore;
    if (state_ == State::kData) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
      data = input.substr(0, count);
      input.remove_prefix(count);
      remaining_ -= count;
      if (remaining_ == 0) state_ = State::kDataCr;
      return Event::kData;
    }
    const char c = input.front();
    input.remove_prefix(1);
    ++overhead_;
    state_ = ++line_ > limits_.line_max ? State::kFailed : OnLineByte(c);
    if (overhead_ > kOverheadFree + body_ / 4) state_ = State::kFailed;
  }
}

}  // namespace sluice::core

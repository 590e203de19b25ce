#include "bench/support/http_message.h"

#include <algorithm>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kLineMax = 4096;  // of a chunk size with extensions, or of a trailer field

}  // namespace

MessageReader::Step MessageReader::Feed(std::string_view& in) {
  if (state_ == State::kComplete) Restart();
  if (state_ == State::kBad) return Step::kBad;
  if (state_ != State::kHead) return Body(in);
  if (head_.empty()) {
    // A stray CRLF before a message is allowed (RFC 9112 section 2.2).
    while (!in.empty() && (in.front() == '\r' || in.front() == '\n')) in.remove_prefix(1);
  }
  if (in.empty()) return Step::kNeedMore;
  if (!TakeHead(in)) return head_.size() > kHeadMax ? Fault() : Step::kNeedMore;
  if (!ParseHead()) return Fault();
  ChooseBody();
  return Step::kHead;
}

void MessageReader::ExpectNoBody() {
  state_ = State::kFixed;
  left_ = 0;
}

bool MessageReader::FinishAtEof() {
  if (state_ != State::kUntilClose) return false;
  state_ = State::kComplete;
  return true;
}

bool MessageReader::Adopt(std::string_view head, std::uint64_t body_bytes) {
  Restart();
  state_ = State::kComplete;
  head_.assign(head);
  body_bytes_ = body_bytes;
  return ParseHead();
}

std::optional<std::string_view> MessageReader::Field(std::string_view name) const {
  std::string_view rest = head_;
  for (auto end = rest.find("\r\n"); end != std::string_view::npos; end = rest.find("\r\n")) {
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        core::EqualsIgnoreCase(line.substr(0, name.size()), name)) {
      return core::Trim(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

void MessageReader::Restart() {
  state_ = State::kHead;
  keep_alive_ = true;
  chunked_ = expects_continue_ = has_stub_fields_ = http10_ = false;
  status_ = 0;
  length_.reset();
  left_ = body_bytes_ = 0;
  head_.clear();
  line_.clear();
}

bool MessageReader::TakeHead(std::string_view& in) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t before = head_.size();
  if (before == 0) {
    const auto end = in.find(kEnd);
    const std::size_t take = end == std::string_view::npos ? in.size() : end + kEnd.size();
    head_.assign(in.substr(0, take));
    in.remove_prefix(take);
    return end != std::string_view::npos;
  }
  // The end may straddle what came before and what comes now.
  head_.append(in);
  const auto end = head_.find(kEnd, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    in.remove_prefix(in.size());
    return false;
  }
  const std::size_t total = end + kEnd.size();
  in.remove_prefix(total - before);
  head_.resize(total);
  return true;
}

bool MessageReader::ParseHead() {
  std::string_view rest = head_;
  bool first = true;
  while (true) {
    const auto end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.empty()) return !first;
    if (!(first ? ParseStartLine(line) : ParseField(line))) return false;
    first = false;
  }
}

bool MessageReader::ParseStartLine(std::string_view line) {
  if (kind_ == Kind::kResponse) {
    // HTTP/1.1 200 OK
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
    const auto status = core::ParseDecimal(line.substr(9, 3));
    if (!status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return false;
    status_ = static_cast<std::uint16_t>(*status);
    http10_ = line[7] == '0';
    keep_alive_ = !http10_;
    return true;
  }
  const auto one = line.find(' ');
  const auto two = line.rfind(' ');
  if (one == std::string_view::npos || one == 0 || two <= one + 1) return false;
  const std::string_view version = line.substr(two + 1);
  const bool adopted = state_ == State::kComplete;
  if (!adopted && version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  http10_ = version.ends_with(".0");
  keep_alive_ = !http10_;
  method_end_ = one;
  target_size_ = two - one - 1;
  return true;
}

bool MessageReader::ParseField(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  // Lengths first: most fields are none of these.
  switch (name.size()) {
    case 6:
      if (core::EqualsIgnoreCase(name, "expect")) {
        expects_continue_ = core::EqualsIgnoreCase(core::Trim(line.substr(colon + 1)), "100-continue");
      }
      break;
    case 10:
      if (core::EqualsIgnoreCase(name, "connection")) {
        const std::string_view value = line.substr(colon + 1);
        if (core::HasToken(value, "close")) keep_alive_ = false;
        if (http10_ && core::HasToken(value, "keep-alive")) keep_alive_ = true;
      }
      break;
    case 14:
      if (core::EqualsIgnoreCase(name, "content-length")) {
        const auto length = core::ParseDecimal(core::Trim(line.substr(colon + 1)));
        if (!length || (length_ && *length_ != *length)) return false;
        length_ = length;
      }
      break;
    case 17:
      if (core::EqualsIgnoreCase(name, "transfer-encoding")) {
        if (chunked_ || !core::EqualsIgnoreCase(core::Trim(line.substr(colon + 1)), "chunked")) return false;
        chunked_ = true;
      }
      break;
    default: break;
  }
  if (name.size() > 7 && core::StartsWithIgnoreCase(name, "x-stub-")) has_stub_fields_ = true;
  return !(chunked_ && length_);
}

void MessageReader::ChooseBody() {
  const bool interim = kind_ == Kind::kResponse && status_ >= 100 && status_ < 200;
  if (interim || status_ == 204 || status_ == 304) {
    ExpectNoBody();
  } else if (chunked_) {
    state_ = State::kChunkSize;
  } else if (kind_ == Kind::kResponse && !length_) {
    state_ = State::kUntilClose;
    keep_alive_ = false;
  } else {
    state_ = State::kFixed;
    left_ = length_.value_or(0);
  }
}

MessageReader::Step MessageReader::Body(std::string_view& in) {
  if (state_ == State::kUntilClose) {
    body_bytes_ += in.size();
    in.remove_prefix(in.size());
    return Step::kNeedMore;
  }
  if (state_ != State::kFixed) return Chunks(in);
  const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
  in.remove_prefix(take);
  left_ -= take;
  body_bytes_ += take;
  if (left_ > 0) return Step::kNeedMore;
  state_ = State::kComplete;
  return Step::kDone;
}

MessageReader::Step MessageReader::Chunks(std::string_view& in) {
  while (true) {
    if (state_ == State::kChunkData) {
      const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
      in.remove_prefix(take);
      left_ -= take;
      body_bytes_ += take;
      if (left_ > 0) return Step::kNeedMore;
      state_ = State::kChunkEnd;
    }
    if (!TakeLine(in)) return line_.size() > kLineMax ? Fault() : Step::kNeedMore;
    if (state_ == State::kChunkEnd) {
      if (!line_.empty()) return Fault();
      state_ = State::kChunkSize;
    } else if (state_ == State::kChunkSize) {
      if (!ChunkSize()) return Fault();
    } else if (line_.empty()) {  // the end of the trailers
      state_ = State::kComplete;
      return Step::kDone;
    }
    line_.clear();
  }
}

bool MessageReader::ChunkSize() {
  const std::string_view digits = core::Trim(std::string_view(line_).substr(0, line_.find(';')));
  const auto size = core::ParseHex(digits);
  if (!size) return false;
  left_ = *size;
  state_ = left_ == 0 ? State::kTrailers : State::kChunkData;
  return true;
}

bool MessageReader::TakeLine(std::string_view& in) {
  const auto end = in.find('\n');
  line_.append(in.substr(0, end));
  if (end == std::string_view::npos) {
    in.remove_prefix(in.size());
    return false;
  }
  in.remove_prefix(end + 1);
  if (line_.empty() || line_.back() != '\r') {
    line_.assign(kLineMax + 1, ' ');  // a bare LF: refuse as too long a line
    return false;
  }
  line_.pop_back();
  return true;
}

}  // namespace sluice::bench

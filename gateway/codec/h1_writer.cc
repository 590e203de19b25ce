#include "gateway/codec/h1_writer.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "core/base/check.h"
#include "core/base/copy_text.h"
#include "core/base/text.h"
#include "core/http/field_text.h"
#include "core/http/hop_headers.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr std::string_view kChunked = "transfer-encoding: chunked\r\n";
constexpr std::string_view kClose = "connection: close\r\n";
constexpr std::string_view kKeepAlive = "connection: keep-alive\r\n";
constexpr std::string_view kUpgrade = "connection: upgrade\r\nupgrade: ";
constexpr std::string_view kAccept = "sec-websocket-accept: ";
constexpr std::string_view kLength = "content-length: ";
constexpr std::string_view kHost = "host: ";
constexpr std::string_view kLastChunk = "0\r\n";

// Decimal or hexadecimal digits of a number, on the stack.
class Digits {
 public:
  explicit Digits(std::uint64_t value, int base = 10)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), value, base).ptr) {}
  Digits(const Digits&) = delete;  // end_ points into this object
  Digits& operator=(const Digits&) = delete;
  std::string_view view() const { return {text_.data(), static_cast<std::size_t>(end_ - text_.data())}; }

 private:
  std::array<char, 20> text_;
  char* end_;
};

// Contiguous room of a size known beforehand, at the end of the queue once Finish() is called.
class Room {
 public:
  Room(core::SliceQueue& out, std::size_t size) : out_(out), size_(size) {
    if (size <= core::BlockPool::kBlockBytes) {
      at_ = out.Reserve(size);
    } else {
      block_ = core::Block::New(size);  // rare: heads beyond the size of a pooled block
      at_ = block_->bytes();
    }
    begin_ = at_;
  }

  void Put(std::string_view text) { at_ = core::CopyText(at_, text); }

  void Finish() {
    DCHECK(static_cast<std::size_t>(at_ - begin_) == size_);
    if (block_ == nullptr) return;
    out_.Append(core::Slice(block_, std::string_view(begin_, size_)));
    block_->Release();
  }

 private:
  core::SliceQueue& out_;
  std::size_t size_;
  char* at_ = nullptr;
  char* begin_ = nullptr;
  core::Block* block_ = nullptr;
};

bool IsWritable(const core::HeaderMap::Field& field) {
  const bool known = field.code != core::HeaderName::kOther;  // its text is ours
  return (known || core::IsToken(field.name)) && core::IsFieldText(field.value);
}

// Bytes that the fields will take; nothing when one of them must not be written.
std::optional<std::size_t> FieldsSize(const core::HeaderMap& fields) {
  std::size_t size = 0;
  for (const core::HeaderMap::Field& field : fields.fields()) {
    if (core::IsHopByHop(field.code)) continue;
    if (!field.lexed && !IsWritable(field)) return std::nullopt;
    size += field.name.size() + field.value.size() + 4;
  }
  return size;
}

void PutFields(Room& room, const core::HeaderMap& fields) {
  for (const core::HeaderMap::Field& field : fields.fields()) {
    if (core::IsHopByHop(field.code)) continue;
    room.Put(field.name);
    room.Put(": ");
    room.Put(field.value);
    room.Put(kCrlf);
  }
}

// The codec's own fields and everything behind them.
class Tail {
 public:
  Tail(const core::HeaderMap& fields, const H1Framing& framing) : fields_(fields), framing_(framing) {
    if (framing.length) length_.emplace(*framing.length);
  }

  std::optional<std::size_t> Size() const {
    const auto fields = FieldsSize(fields_);
    if (!fields) return std::nullopt;
    std::size_t size = *fields + kCrlf.size();
    if (length_) size += kLength.size() + length_->view().size() + kCrlf.size();
    if (framing_.chunked) size += kChunked.size();
    size += Connection().size() + LineSize(kUpgrade, framing_.upgrade) + LineSize(kAccept, framing_.websocket_accept);
    return size;
  }

  void Put(Room& room) const {
    if (length_) {
      room.Put(kLength);
      room.Put(length_->view());
      room.Put(kCrlf);
    }
    if (framing_.chunked) room.Put(kChunked);
    room.Put(Connection());
    PutLine(room, kUpgrade, framing_.upgrade);
    PutLine(room, kAccept, framing_.websocket_accept);
    PutFields(room, fields_);
    room.Put(kCrlf);
  }

 private:
  static std::size_t LineSize(std::string_view name, std::string_view value) {
    return value.empty() ? 0 : name.size() + value.size() + kCrlf.size();
  }
  static void PutLine(Room& room, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    room.Put(name);
    room.Put(value);
    room.Put(kCrlf);
  }
  std::string_view Connection() const {
    if (framing_.close) return kClose;
    return framing_.keep_alive ? kKeepAlive : std::string_view();
  }

  const core::HeaderMap& fields_;
  const H1Framing& framing_;
  std::optional<Digits> length_;
};

std::string_view Reason(std::uint16_t status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "";  // the blank before it is written all the same
  }
}

}  // namespace

bool WriteRequestHead(core::SliceQueue& out, const core::Head& head, const H1Framing& framing) {
  static constexpr std::string_view kVersion = " HTTP/1.1\r\n";
  if (!core::IsToken(head.method) || head.path.empty() || !core::IsVisibleText(head.path)) return false;
  if (!core::IsVisibleText(head.authority)) return false;
  const Tail tail(head.headers, framing);
  const auto size = tail.Size();
  if (!size) return false;
  Room room(out, head.method.size() + 1 + head.path.size() + kVersion.size() + kHost.size() + head.authority.size() +
                     kCrlf.size() + *size);
  room.Put(head.method);
  room.Put(" ");
  room.Put(head.path);
  room.Put(kVersion);
  room.Put(kHost);
  room.Put(head.authority);
  room.Put(kCrlf);
  tail.Put(room);
  room.Finish();
  return true;
}

bool WriteResponseHead(core::SliceQueue& out, const core::Head& head, const H1Framing& framing) {
  static constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (head.status < 100 || head.status > 999) return false;
  const Tail tail(head.headers, framing);
  const auto size = tail.Size();
  if (!size) return false;
  const Digits status(head.status);
  const std::string_view reason = Reason(head.status);
  Room room(out, kVersion.size() + status.view().size() + 1 + reason.size() + kCrlf.size() + *size);
  room.Put(kVersion);
  room.Put(status.view());
  room.Put(" ");
  room.Put(reason);
  room.Put(kCrlf);
  tail.Put(room);
  room.Finish();
  return true;
}

void WriteChunk(core::SliceQueue& out, core::Slice bytes, bool last) {
  if (!bytes.empty()) {
    const Digits size(bytes.size(), 16);
    out.AppendCopy(size.view());
    out.AppendCopy(kCrlf);
    out.Append(std::move(bytes));
    out.AppendCopy(last ? "\r\n0\r\n\r\n" : "\r\n");
  } else if (last) {
    out.AppendCopy("0\r\n\r\n");
  }
}

bool WriteTrailers(core::SliceQueue& out, const core::HeaderMap& trailers) {
  const auto size = FieldsSize(trailers);
  Room room(out, kLastChunk.size() + size.value_or(0) + kCrlf.size());
  room.Put(kLastChunk);
  if (size) PutFields(room, trailers);
  room.Put(kCrlf);
  room.Finish();
  return size.has_value();
}

}  // namespace sluice::gateway

#include "tls/client_hello.h"

#include <algorithm>
#include <optional>

#include "core/base/text.h"

namespace sluice::tls {
namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;
constexpr unsigned char kHandshake = 22;
constexpr unsigned char kClientHelloType = 1;
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::size_t kNameMax = 255;

std::size_t Byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// Reads the vectors of a message one after the other; absent once they do not fit.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }

  std::size_t Number(std::size_t size) {
    std::size_t value = 0;
    for (const char c : Take(size)) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view Take(std::size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view Vector(std::size_t length_size) { return Take(Number(length_size)); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

bool IsServerName(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
}

// ServerNameList: exactly one host_name, as RFC 6066 allows it.
std::optional<std::string> ReadServerName(std::string_view extension) {
  Reader list(Reader(extension).Vector(2));
  const bool host_name = list.Number(1) == 0;
  const std::string_view name = list.Vector(2);
  if (!list.ok() || !list.empty() || !host_name || !IsServerName(name)) return std::nullopt;
  return core::Fold(name);
}

bool ReadMessage(std::string_view message, ClientHello& hello) {
  Reader reader(message);
  reader.Take(2 + 32);  // legacy_version, random
  reader.Vector(1);     // legacy_session_id
  reader.Vector(2);     // cipher_suites
  reader.Vector(1);     // legacy_compression_methods
  if (!reader.ok()) return false;
  if (reader.empty()) return true;  // no extensions: TLS 1.2 allows it
  Reader extensions(reader.Vector(2));
  if (!reader.ok() || !reader.empty()) return false;
  bool named = false;
  while (!extensions.empty()) {
    const std::size_t type = extensions.Number(2);
    const std::string_view data = extensions.Vector(2);
    if (!extensions.ok()) return false;
    if (type != kServerNameExtension) continue;
    std::optional<std::string> name = ReadServerName(data);
    if (!name || named) return false;
    hello.server_name = std::move(*name);
    named = true;
  }
  return true;
}

}  // namespace

bool LooksLikeTls(std::string_view bytes) {
  return !bytes.empty() && Byte(bytes, 0) == kHandshake && (bytes.size() < 2 || Byte(bytes, 1) == 3);
}

HelloState ReadClientHello(std::string_view bytes, ClientHello& hello) {
  std::string message;  // a ClientHello may be spread over several records
  std::size_t wanted = kMessageHeader;
  std::size_t at = 0;
  while (message.size() < wanted) {
    if (at > kClientHelloMax) return HelloState::kTooLarge;
    if (bytes.size() - at < kRecordHeader) return HelloState::kIncomplete;
    const std::size_t length = (Byte(bytes, at + 3) << 8) | Byte(bytes, at + 4);
    if (Byte(bytes, at) != kHandshake || Byte(bytes, at + 1) != 3 || length == 0) return HelloState::kMalformed;
    if (length > kClientHelloMax) return HelloState::kTooLarge;
    at += kRecordHeader;
    const std::size_t end = message.size() + length;  // of the message, once all of the record is there
    message += bytes.substr(at, length);
    if (message.size() >= kMessageHeader) {
      if (Byte(message, 0) != kClientHelloType) return HelloState::kMalformed;
      const std::size_t size = (Byte(message, 1) << 16) | (Byte(message, 2) << 8) | Byte(message, 3);
      if (size > kClientHelloMax) return HelloState::kTooLarge;
      wanted = kMessageHeader + size;
      if (end > wanted) return HelloState::kMalformed;  // nothing else can follow before the server has answered
    }
    if (bytes.size() - at < length) return HelloState::kIncomplete;
    at += length;
  }
  if (ReadMessage(std::string_view(message).substr(kMessageHeader), hello)) return HelloState::kComplete;
  hello = {};
  return HelloState::kMalformed;
}

}  // namespace sluice::tls

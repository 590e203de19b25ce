// Bytes of HTTP/2 for tests: frames made by hand, frames read back, and an H2Codec in the server role with an acceptor
// that keeps every request.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/codec/h2_codec.h"
#include "tests/support/manual_clock.h"
#include "tests/support/recording_events.h"

namespace sluice::gateway::h2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// The lowest `bytes` bytes of a number, big-endian.
inline std::string Number(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}
inline std::string Word(std::uint32_t value) { return Number(value, 4); }

inline std::string Frame(int type, int flags, std::uint32_t id, std::string_view payload) {
  return Number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         Word(id) + std::string(payload);
}

inline std::string WindowUpdate(std::uint32_t id, std::uint32_t more) {
  return Frame(NGHTTP2_WINDOW_UPDATE, 0, id, Word(more));
}
inline std::string Setting(int number, std::uint32_t value) {
  return Frame(NGHTTP2_SETTINGS, 0, 0, Number(static_cast<std::uint32_t>(number), 2) + Word(value));
}
// What every client begins with, and its answer to our SETTINGS.
inline std::string Begin() {
  return std::string(kPreface) + Frame(NGHTTP2_SETTINGS, 0, 0, {}) + Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, {});
}

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// A header block of literals that are not indexed; names and values shorter than 127 bytes.
inline std::string Block(Fields fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return block;
}

inline std::string Head(std::uint32_t id, int flags, Fields more = {}, std::string_view method = "GET") {
  return Frame(NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, id,
               Block({{":method", method}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}}) + Block(more));
}
inline std::string Get(std::uint32_t id) { return Head(id, NGHTTP2_FLAG_END_STREAM); }

struct Received {
  int type = 0;
  int flags = 0;
  std::uint32_t id = 0;
  std::string payload;

  // Of a RST_STREAM, or of a GOAWAY.
  std::uint32_t code() const {
    std::uint32_t value = 0;
    for (const char c : payload.substr(type == NGHTTP2_GOAWAY ? 4 : 0, 4))
      value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
};

inline std::vector<Received> Split(std::string_view bytes) {
  std::vector<Received> frames;
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  while (bytes.size() >= 9) {
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    frames.push_back({.type = static_cast<int>(at(3)),
                      .flags = static_cast<int>(at(4)),
                      .id = at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8),
                      .payload = std::string(bytes.substr(9, size))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return frames;
}

class Server : public Acceptor {
 public:
  explicit Server(CodecLimits given = {}) : limits(given), codec(Role::kServer, limits, stats, pool, clock, this, {}) {}

  StreamEvents& Accept(Stream& stream) override {
    streams.push_back(&stream);
    requests.emplace_back().on_end = on_end;
    return requests.back();
  }
  void OnFault(StreamEvents&, const ProtocolFault& given) override {
    fault = given;
    Answer(*streams.back(), given.status);
  }

  static void Answer(Stream& stream, int status, std::string_view body = {}) {
    core::Arena arena;
    core::Head head(arena);
    head.status = static_cast<std::uint16_t>(status);
    stream.SendHead(head, body.empty() ? Flow::kEnd : Flow::kMore);
    if (!body.empty()) stream.SendBody(core::Slice::Copy(body), Flow::kEnd);
  }

  void Receive(std::string_view bytes) { codec.Receive(core::Slice::Copy(bytes)); }
  // What the connection does: writes everything and says so.
  std::vector<Received> Written() {
    std::string bytes;
    for (codec.Fill(); !codec.Output().empty(); codec.Fill()) {
      while (!codec.Output().empty()) bytes += codec.Output().PopFront().view();
    }
    codec.OnWritten();
    return Split(bytes);
  }
  // The code of the GOAWAY that ends the connection, if one is written.
  std::optional<std::uint32_t> Goaway() {
    for (const Received& frame : Written()) {
      if (frame.type == NGHTTP2_GOAWAY) return frame.code();
    }
    return std::nullopt;
  }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  ManualClock clock;
  std::function<void(test::RecordingEvents&)> on_end;
  std::vector<Stream*> streams;
  std::deque<test::RecordingEvents> requests;
  std::optional<ProtocolFault> fault;
  H2Codec codec;
};

}  // namespace sluice::gateway::h2

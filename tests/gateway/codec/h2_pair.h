// A client and a server codec with nothing between them but bytes, for the tests of both halves of H2Codec. The server
// keeps every request; the test answers.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/codec/h2_codec.h"
#include "tests/support/byte_feed.h"
#include "tests/support/manual_clock.h"
#include "tests/support/recording_events.h"

namespace sluice::gateway {

struct H2Pair : Acceptor {
  struct Request {
    Stream* stream = nullptr;
    test::RecordingEvents events;
    std::optional<ProtocolFault> fault;
  };

  explicit H2Pair(CodecLimits server_limits = {}) : limits(server_limits) {}

  StreamEvents& Accept(Stream& stream) override {
    requests.emplace_back().stream = &stream;
    if (give_credit) requests.back().events.credit = &stream;
    return requests.back().events;
  }
  void OnFault(StreamEvents& events, const ProtocolFault& fault) override {
    for (Request& request : requests) {
      if (&request.events == &events) request.fault = fault;
    }
  }

  static std::string Take(Codec& codec) {
    codec.Fill();
    std::string bytes;
    for (std::size_t i = 0; i < codec.Output().piece_count(); ++i) bytes += codec.Output().piece(i);
    codec.Output().Consume(bytes.size());
    codec.OnWritten();
    return bytes;
  }

  // Until neither has anything to say, or `turns` turns.
  void Pump(int turns = 1000) {
    for (int i = 0; i < turns; ++i) {
      const std::string to_server = Take(client);
      if (!to_server.empty()) test::Feed(server, to_server);
      const std::string to_client = Take(server);
      if (!to_client.empty()) test::Feed(client, to_client);
      if (to_server.empty() && to_client.empty()) return;
    }
  }

  core::Head RequestHead(std::string_view method = "GET", std::string_view path = "/predict") {
    core::Head head(arena);
    head.method = method;
    head.scheme = "http";
    head.authority = "model";
    head.path = path;
    return head;
  }
  core::Head AnswerHead(std::uint16_t status = 200) {
    core::Head head(arena);
    head.status = status;
    return head;
  }

  // A request without a body, on its way to the server.
  Stream& Get(test::RecordingEvents& answer, std::string_view path = "/predict") {
    Stream* const stream = client.Open(answer);
    stream->SendHead(RequestHead("GET", path), Flow::kEnd);
    return *stream;
  }

  CodecLimits limits;
  CodecLimits client_limits;
  CodecStats stats;  // of the server
  CodecStats client_stats;
  core::BlockPool pool;
  core::Arena arena;
  ManualClock clock;
  bool give_credit = true;
  std::deque<Request> requests;
  H2Codec server{Role::kServer, limits, stats, pool, clock, this, {}};
  H2Codec client{Role::kClient, client_limits, client_stats, pool, clock, nullptr, {}};
};

// One frame, as a hand would write it.
inline std::string Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string frame;
  for (int shift = 16; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

// The error code of the GOAWAY in `bytes`; nothing when there is none.
inline std::optional<std::uint32_t> GoawayCode(std::string_view bytes) {
  while (bytes.size() >= 9) {
    const auto at = [&bytes](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    if (bytes[3] == NGHTTP2_GOAWAY) return at(13) << 24 | at(14) << 16 | at(15) << 8 | at(16);
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return std::nullopt;
}

}  // namespace sluice::gateway

// H1Codec in the server role with an acceptor that keeps every request; shared by the tests of both its halves.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/codec/h1_codec.h"
#include "tests/support/byte_feed.h"
#include "tests/support/recording_events.h"

namespace sluice::gateway {

// A codec with an acceptor that keeps every request, and an eye on its output.
class Server : public Acceptor {
 public:
  explicit Server(CodecLimits given = {})
      : limits(given),
        codec(Role::kServer, limits, stats, pool, this, {[](void* self) { ++*static_cast<int*>(self); }, &wakes}) {}

  StreamEvents& Accept(Stream& given) override {
    stream = &given;
    requests.emplace_back();
    requests.back().on_end = on_end;
    requests.back().on_head = on_head;
    return requests.back();
  }

  void OnFault(StreamEvents&, const ProtocolFault& given) override {
    fault = given;
    if (!answer_faults) return;
    Answer(given.status);
  }

  void Answer(int status, std::string_view text = {}) {
    core::Arena arena;
    core::Head head(arena);
    head.status = static_cast<std::uint16_t>(status);
    head.content_length = text.size();
    stream->SendHead(head, text.empty() ? Flow::kEnd : Flow::kMore);
    if (!text.empty()) stream->SendBody(core::Slice::Copy(text), Flow::kEnd);
  }

  void SendHead(int status, std::optional<std::uint64_t> length, Flow flow) {
    core::Arena arena;
    core::Head head(arena);
    head.status = static_cast<std::uint16_t>(status);
    head.content_length = length;
    stream->SendHead(head, flow);
  }

  // What the connection does: writes everything and says so.
  std::string Written() { return test::TakeOutput(codec); }

  test::RecordingEvents& request() { return requests.back(); }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  int wakes = 0;
  bool answer_faults = true;
  std::function<void(test::RecordingEvents&)> on_end;
  std::function<void(test::RecordingEvents&)> on_head;
  Stream* stream = nullptr;
  std::deque<test::RecordingEvents> requests;
  std::optional<ProtocolFault> fault;
  H1Codec codec;
};

inline constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: Example.org:80\r\nX-Thing:  one \r\n\r\n";

}  // namespace sluice::gateway

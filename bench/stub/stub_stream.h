// One request on an HTTP/2 connection of a stub, and its answer. Owned by its StubSession; one thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "bench/stub/behaviour.h"
#include "bench/stub/stub_server.h"
#include "bench/support/http_message.h"
#include "gateway/codec/stream.h"

namespace sluice::bench {

class StubSession;

class StubStream final : public gateway::StreamEvents {
 public:
  StubStream(StubSession& session, gateway::Stream& stream);

  core::Arena& HeadArena() override { return arena_; }
  void OnHead(core::Head head, gateway::Flow flow) override;
  void OnBody(core::Slice bytes, gateway::Flow flow) override;
  void OnTrailers(core::HeaderMap) override { OnRequest(); }
  void OnRoom() override { Pour(); }
  void OnReset(core::ResetReason) override;

  // Answers a malformed request.
  void Refuse(std::uint16_t status);
  // Resets the stream when half of its answer was all that it was to send.
  bool ResetIfHalf();
  // Nothing refers to it any more.
  bool over() const { return over_ && !waiting_; }

 private:
  void OnRequest();
  void Answer();
  void SendPage(const Page& page);
  void SendHead(std::uint16_t status, std::uint64_t length, bool chunked, gateway::Flow flow);
  void Pour();
  void End();

  StubSession& session_;
  gateway::Stream& stream_;
  core::Arena arena_;
  std::string head_;  // of the request, as text
  std::uint64_t body_bytes_ = 0;
  MessageReader request_{MessageReader::Kind::kRequest};
  Reply reply_;
  std::uint64_t padding_left_ = 0;
  bool waiting_ = false;  // for the timer
  bool half_ = false;
  bool over_ = false;  // no call in either direction may come any more
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
};

}  // namespace sluice::bench

// A client and a model server over loopback sockets that speak either version of HTTP, by the codecs themselves: for
// tests that say what happens to a request whatever it travels in. Nothing waits; the test turns the gateway's loop
// between the turns of these.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/codec/make_codec.h"
#include "tests/support/loopback.h"
#include "tests/support/manual_clock.h"
#include "tests/support/recording_events.h"

namespace sluice::test {

// One connection with its codec.
class WireConnection {
 public:
  WireConnection(LoopbackPeer socket, gateway::Role role, core::Wire wire, gateway::Acceptor* acceptor,
                 const gateway::CodecLimits& limits = {});

  // Reads what has come, writes what is to go. Call until it has had its effect.
  void Turn();
  gateway::Codec& codec() { return *codec_; }
  LoopbackPeer& socket() { return socket_; }
  // The peer has closed, or we have.
  bool over() const { return over_; }
  void Reset();

 private:
  gateway::CodecLimits limits_;
  gateway::CodecStats stats_;
  core::BlockPool pool_;
  ManualClock clock_;
  LoopbackPeer socket_;
  std::unique_ptr<gateway::Codec> codec_;
  bool ended_ = false;       // the peer's direction alone
  bool send_ended_ = false;  // ours
  bool over_ = false;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// What a client asks and hears.
struct WireRequest {
  RecordingEvents answer;
  gateway::Stream* stream = nullptr;
};

class WireClient {
 public:
  WireClient(LoopbackPeer socket, core::Wire wire);

  // Asks to change to another protocol; a WebSocket's handshake is complete.
  WireRequest& Upgrade(std::string_view protocol, std::string_view path = "/chat");

  // Begins a request; an open `flow` leaves the body to the caller, by request.stream.
  WireRequest& Send(std::string_view method, std::string_view path, const Fields& fields = {},
                    std::string_view body = {}, gateway::Flow flow = gateway::Flow::kEnd);
  void Turn() { connection_.Turn(); }
  WireConnection& connection() { return connection_; }

 private:
  core::Head NewHead(std::string_view method, std::string_view path);
  WireRequest& Open();

  core::Arena arena_;
  WireConnection connection_;
  std::deque<WireRequest> requests_;
};

// A model server: keeps every request until the test answers it.
class WireModel final : public gateway::Acceptor {
 public:
  struct Request {
    gateway::Stream* stream = nullptr;
    WireConnection* connection = nullptr;
    RecordingEvents events;
  };

  explicit WireModel(core::Wire wire) : wire_(wire) {}

  std::uint16_t port() const { return listener_.port(); }
  void Turn();
  std::deque<Request>& requests() { return requests_; }
  std::size_t connections() const { return connections_.size(); }
  LoopbackListener& listener() { return listener_; }
  gateway::CodecLimits& limits() { return limits_; }  // of connections to come

  void Answer(Request& request, std::uint16_t status, std::string_view body, const Fields& fields = {});
  // Agrees to what the request asks to change to; the rest by request.stream.
  void Agree(Request& request);
  // The head only; the rest by request.stream.
  void Begin(Request& request, std::uint16_t status, const Fields& fields = {});

  gateway::StreamEvents& Accept(gateway::Stream& stream) override;
  void OnFault(gateway::StreamEvents& events, const gateway::ProtocolFault& fault) override;

 private:
  const core::Wire wire_;
  gateway::CodecLimits limits_{.upgrades = true};
  core::Arena arena_;
  LoopbackListener listener_;
  std::deque<WireConnection> connections_;
  std::deque<Request> requests_;
  WireConnection* turning_ = nullptr;
};

}  // namespace sluice::test

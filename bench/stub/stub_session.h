// A connection of a stub that speaks HTTP/2: the gateway's own codec in the server's role, one StubStream per request.
// Failures that end a connection in HTTP/1.1 because it carries one request at a time end the stream here (reset, half);
// `close` is that of the connection, with all its streams. Owned by its StubConnection; one thread.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <string_view>

#include "bench/stub/stub_server.h"
#include "bench/stub/stub_stream.h"
#include "core/base/slice.h"
#include "gateway/codec/make_codec.h"

namespace sluice::bench {

class StubSession final : public gateway::Acceptor {
 public:
  // `on_end` is called once, when nothing is pending any more; the session may then go.
  StubSession(StubServer& server, StubSocket& socket, std::function<void()> on_end);

  // `received`: the preface and what came behind it.
  void Start(std::string_view received);
  void Close();

  gateway::StreamEvents& Accept(gateway::Stream& stream) override;
  void OnFault(gateway::StreamEvents& events, const gateway::ProtocolFault& fault) override;

  // For its streams.
  StubServer& server() { return server_; }
  StubSocket::executor_type executor() { return socket_.get_executor(); }
  // After anything that a stream did outside of Receive(): what is to leave leaves, who is over goes.
  void Turn();
  // The connection is closed at the end of the turn.
  void CloseSoon() { closing_ = true; }
  void Began() { ++pending_; }
  void Ended() { --pending_; }

 private:
  void Read();
  void Flush();
  void Write();
  void EndWhenQuiet();

  StubServer& server_;
  StubSocket& socket_;
  std::function<void()> on_end_;
  core::BlockPool pool_;
  gateway::CodecLimits limits_;
  gateway::CodecStats stats_;
  std::unique_ptr<gateway::Codec> codec_;
  std::list<StubStream> streams_;
  std::size_t pending_ = 0;  // operations whose handler will come
  bool writing_ = false;     // waits for the socket
  bool closing_ = false;
  bool closed_ = false;
  std::array<char, 32 * 1024> in_;
};

}  // namespace sluice::bench

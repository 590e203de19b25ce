// One connection of a stub: reads requests, answers them in order. At most one operation is pending at any time, so
// the connection may go as soon as none is. One that begins with the preface of HTTP/2 is handed to a StubSession.
// Owned by its StubServer; one thread.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>

#include "bench/stub/stub_server.h"
#include "bench/stub/stub_session.h"
#include "bench/support/http_message.h"

namespace sluice::bench {

class StubConnection {
 public:
  StubConnection(StubServer& server, StubSocket socket);

  void Start() { Sniff(0); }
  void Close();

  // Where the server keeps it.
  std::list<std::unique_ptr<StubConnection>>::iterator self;

 private:
  // What follows once everything written has left.
  enum class Next : std::uint8_t { kRead, kProcess, kDelay, kClose, kStall };

  void Sniff(std::size_t held);
  void Read();
  void Process();
  Next OnRequest();
  Next Answer();
  void Flush(Next next);
  void Go(Next next);
  void Delay();
  void Stall();
  void End();
  void ResetConnection();

  StubServer& server_;
  StubSocket socket_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  MessageReader reader_{MessageReader::Kind::kRequest};
  Reply reply_;
  std::string_view pending_;  // of in_, not yet looked at
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t padding_left_ = 0;  // bytes of padding that follow out_
  std::array<char, 32 * 1024> in_;
  std::unique_ptr<StubSession> session_;
};

}  // namespace sluice::bench

// A model server that answers at once, late, wrongly or not at all, as told: the backend of the demo, of end-to-end
// tests and of load measurements. One thread: the one that runs the io_context.
//
// Own pages: GET /__stub/stats (JSON), POST /__stub/config?name=value&..., POST /__stub/reset (clears the counts).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "bench/stub/answer.h"
#include "bench/stub/behaviour.h"
#include "bench/stub/tally.h"
#include "core/base/random.h"

namespace sluice::bench {

using StubSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class StubConnection;

struct Page {
  std::uint16_t status = 200;
  std::string body = "{}\n";
};

class StubServer {
 public:
  // Listens on `address`, port 0 for a free one. Throws boost::system::system_error when it cannot.
  StubServer(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& address, Behaviour behaviour,
             std::uint64_t seed);
  ~StubServer();
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // No new connections, and the present ones are closed. The server may go once the io_context has run the handlers
  // that this brings.
  void Close();

  // For its connections.
  Reply Receive(const MessageReader& request);
  const AnswerBook& answers() const { return answers_; }
  Tally& tally() { return tally_; }
  Page OwnPage(const MessageReader& request);
  void Remove(StubConnection& connection);

 private:
  void Accept();

  boost::asio::io_context& io_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type> acceptor_;
  Behaviour behaviour_;
  AnswerBook answers_;
  Tally tally_;
  core::Random random_;
  std::list<std::unique_ptr<StubConnection>> connections_;
};

}  // namespace sluice::bench

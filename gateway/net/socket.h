// Concrete socket types (no type-erased executor) and the options every connection gets. One thread.
#pragma once

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sluice::gateway {

using Tcp = boost::asio::ip::tcp;
using Executor = boost::asio::io_context::executor_type;
using TcpSocket = boost::asio::basic_stream_socket<Tcp, Executor>;
using TcpAcceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;

// TCP_NODELAY on both sides: without it a 44 ms stall per request was measured (reliability.md section 3).
inline void PrepareSocket(TcpSocket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(Tcp::no_delay(true), ignored);
}

inline std::string EndpointText(const Tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? "[" + address + "]:" + std::to_string(endpoint.port())
                                    : address + ":" + std::to_string(endpoint.port());
}

}  // namespace sluice::gateway

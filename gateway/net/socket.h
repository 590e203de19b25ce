// A connected TCP socket without an event loop: reads and writes now or says that it would have to wait. Readiness comes
// from runtime/poller. One thread.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sluice::gateway {

using Tcp = boost::asio::ip::tcp;
using Executor = boost::asio::io_context::executor_type;
// While connecting; no type-erased executor.
using TcpSocket = boost::asio::basic_stream_socket<Tcp, Executor>;

enum class IoState : std::uint8_t {
  kDone,    // some bytes moved
  kWait,    // none could; wait for readiness
  kEnd,     // reading: the peer ended its side; writing: it did so before, and takes nothing any more
  kFailed,  // the connection is broken
};

struct IoResult {
  std::size_t size = 0;
  IoState state = IoState::kDone;
};

class Socket {
 public:
  Socket() = default;
  // Takes the descriptor of a connected, non-blocking socket and switches Nagle off: without TCP_NODELAY on both sides a
  // 44 ms stall per request was measured (reliability.md section 3).
  explicit Socket(int descriptor);
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() { Close(); }

  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  IoResult Read(std::span<iovec> room);
  IoResult Write(std::span<const iovec> pieces);
  void ShutdownSend() { ::shutdown(descriptor_, SHUT_WR); }
  // An error waits to be told: the peer's reset, or its machine's silence. Takes it away.
  bool Failed() const;
  void Close();

  // Port 0 when the socket has none any more.
  Tcp::endpoint local() const;
  Tcp::endpoint remote() const;

 private:
  int descriptor_ = -1;
};

// "1.2.3.4:80", "[::1]:80".
std::string EndpointText(const Tcp::endpoint& endpoint);

}  // namespace sluice::gateway

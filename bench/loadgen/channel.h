// Bytes to and from one server: a socket, with TLS or without. Never waits: what the kernel does not take now is the
// caller's to bring again, apart from ciphertext, which its session keeps. Owned by a LoadConnection; one thread.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/loadgen/poller.h"
#include "bench/loadgen/tls_client.h"

namespace sluice::bench {

struct Endpoint {
  sockaddr_storage address = {};
  socklen_t size = 0;
};

// Shared by all channels of a thread, so that 19,000 connections need no buffer each.
struct ChannelBuffers {
  std::array<char, 64 * 1024> in;
  std::array<char, 16 * 1024> plain;
  std::string joined;      // head and body of one record
  core::BlockPool blocks;  // of ciphertext on its way out
};

class Channel {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kSecuring, kOpen };
  enum class Io : std::uint8_t {
    kDone,
    kBlocked,  // nothing now; an event will come
    kEnded,    // the peer closed
    kReset,    // the connection broke
    kTls,      // an alert, or what does not decrypt
  };

  // `tls` may be null; both outlive the channel.
  Channel(ChannelBuffers& buffers, const TlsClient* tls) : buffers_(buffers), tls_(tls) {}
  ~Channel() { Close(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  State state() const { return state_; }
  // Why it failed, for people.
  std::string ErrorText() const;

  // Begins to connect; false when that failed at once.
  bool Open(const Endpoint& peer, Poller& poller, void* owner);
  void Close();
  // Notes what the poller said.
  void OnEvents(std::uint32_t events);
  // While connecting or securing: goes on. kDone: it is open.
  Io Advance();

  // The next bytes, valid until any channel of the thread is asked again. Ask until it says something else than kDone.
  Io Read(std::string_view& bytes);
  // How many bytes of head and body together were taken; fewer than all: bring the rest when writable. A failure
  // shows when reading.
  std::size_t Write(std::string_view head, std::string_view body = {});
  // Sends ciphertext; true when all of it has gone, so that Write() may take more.
  bool Flush();

 private:
  Io Receive(std::string_view& bytes);
  std::size_t Send(std::span<iovec> parts);
  std::size_t SendPlain(std::string_view head, std::string_view body);
  std::size_t SendSecured(std::string_view head, std::string_view body);

  ChannelBuffers& buffers_;
  const TlsClient* tls_;
  std::optional<TlsSession> session_;
  const Endpoint* peer_ = nullptr;
  int fd_ = -1;
  int error_ = 0;
  State state_ = State::kClosed;
  bool drained_ = false;  // the socket has nothing more until the next event
  bool hung_up_ = false;
};

}  // namespace sluice::bench

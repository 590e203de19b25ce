#include "tests/support/loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/check.h"

namespace sluice {
namespace {

sockaddr_in Address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

LoopbackPeer::LoopbackPeer(LoopbackPeer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      received_(std::move(other.received_)),
      ended_(other.ended_),
      was_reset_(other.was_reset_) {}

LoopbackPeer& LoopbackPeer::operator=(LoopbackPeer&& other) noexcept {
  Close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  received_ = std::move(other.received_);
  ended_ = other.ended_;
  was_reset_ = other.was_reset_;
  return *this;
}

int LoopbackPeer::Release() { return std::exchange(descriptor_, -1); }

std::size_t LoopbackPeer::Write(std::string_view bytes) {
  const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

void LoopbackPeer::Read(std::size_t most) {
  char buffer[65536];
  while (open() && !ended_ && most > 0) {
    const ssize_t size = ::recv(descriptor_, buffer, std::min(sizeof(buffer), most), MSG_DONTWAIT);
    if (size > 0) {
      received_.append(buffer, static_cast<std::size_t>(size));
      most -= static_cast<std::size_t>(size);
    } else if (size == 0) {
      ended_ = true;
    } else {
      if (errno == EAGAIN) return;
      ended_ = was_reset_ = true;
    }
  }
}

void LoopbackPeer::Close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void LoopbackPeer::EndSend() { ::shutdown(descriptor_, SHUT_WR); }

void LoopbackPeer::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void LoopbackPeer::ShrinkReceiveBuffer() {
  const int bytes = 4096;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

LoopbackListener::LoopbackListener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
  sockaddr_in address = Address(0);
  CHECK(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::listen(descriptor_, 128) == 0);
  socklen_t size = sizeof(address);
  CHECK(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

LoopbackListener::~LoopbackListener() { Close(); }

LoopbackPeer LoopbackListener::Accept() {
  return LoopbackPeer(::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK));
}

LoopbackPeer LoopbackListener::LeaveUnanswered() {
  CHECK(::listen(descriptor_, 0) == 0);
  return ConnectLoopback(port_);
}

void LoopbackListener::Close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

LoopbackPeer ConnectLoopback(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Address(port);
  CHECK(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0);
  return LoopbackPeer(descriptor);
}

}  // namespace sluice

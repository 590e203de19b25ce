#include "gateway/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::gateway {
namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

Tcp::endpoint Name(int descriptor, NameOf name_of) {
  Tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (name_of(descriptor, endpoint.data(), &size) != 0) return {};
  endpoint.resize(size);
  return endpoint;
}

IoState StateOf(int error) { return error == EAGAIN || error == EWOULDBLOCK ? IoState::kWait : IoState::kFailed; }

}  // namespace

Socket::Socket(int descriptor) : descriptor_(descriptor) {
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

IoResult Socket::Read(std::span<iovec> room) {
  for (;;) {
    // One buffer goes through recv, which the kernel does with less ado than recvmsg.
    msghdr message{};
    message.msg_iov = room.data();
    message.msg_iovlen = room.size();
    const ssize_t size = room.size() == 1 ? ::recv(descriptor_, room[0].iov_base, room[0].iov_len, 0)
                                          : ::recvmsg(descriptor_, &message, 0);
    if (size > 0) return {static_cast<std::size_t>(size), IoState::kDone};
    if (size == 0) return {0, IoState::kEnd};
    if (errno != EINTR) return {0, StateOf(errno)};
  }
}

IoResult Socket::Write(std::span<const iovec> pieces) {
  for (;;) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg only reads it
    message.msg_iovlen = pieces.size();
    const ssize_t size = pieces.size() == 1 ? ::send(descriptor_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                                            : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (size >= 0) return {static_cast<std::size_t>(size), IoState::kDone};
    if (errno == EPIPE) return {0, IoState::kEnd};
    if (errno != EINTR) return {0, StateOf(errno)};
  }
}

bool Socket::Failed() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

void Socket::Close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Tcp::endpoint Socket::local() const { return Name(descriptor_, ::getsockname); }

Tcp::endpoint Socket::remote() const { return Name(descriptor_, ::getpeername); }

std::string EndpointText(const Tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace sluice::gateway

#include "bench/loadgen/channel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::bench {
namespace {

// Plaintext encrypted in one go: what does not leave waits as ciphertext, which each connection has to keep.
constexpr std::size_t kPieceMax = 64 * 1024;
constexpr std::size_t kPartsMax = 8;  // of ciphertext in one sendmsg

// sendmsg only reads from it.
iovec Part(std::string_view text) { return {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}; }

}  // namespace

std::string Channel::ErrorText() const {
  if (session_ && !session_->error().empty()) return "TLS: " + session_->error();
  return error_ == 0 ? "the server closed" : std::generic_category().message(error_);
}

bool Channel::Open(const Endpoint& peer, Poller& poller, void* owner) {
  Close();
  error_ = 0;
  fd_ = socket(peer.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    error_ = errno;
    return false;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* address = reinterpret_cast<const sockaddr*>(&peer.address);
  const bool begun = connect(fd_, address, peer.size) == 0 || errno == EINPROGRESS;
  if (!begun || !poller.Watch(fd_, owner)) {
    error_ = errno;
    Close();
    return false;
  }
  state_ = State::kConnecting;
  peer_ = &peer;
  drained_ = hung_up_ = false;
  if (tls_ != nullptr) session_.emplace(*tls_, buffers_.blocks);
  return true;
}

void Channel::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  state_ = State::kClosed;
}

void Channel::OnEvents(std::uint32_t events) {
  if ((events & Poller::kReadable) != 0) drained_ = false;
  if ((events & Poller::kHungUp) != 0) hung_up_ = true;
}

Channel::Io Channel::Advance() {
  if (state_ == State::kConnecting) {
    // Asking once more tells all there is to know; an event may also be that of an earlier socket.
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&peer_->address), peer_->size) != 0 && errno != EISCONN) {
      if (errno == EALREADY || errno == EINPROGRESS) return Io::kBlocked;
      error_ = errno;
      return Io::kReset;
    }
    state_ = session_ ? State::kSecuring : State::kOpen;
  }
  while (state_ == State::kSecuring) {
    const TlsSession::Step step = session_->Handshake();
    Flush();
    if (step == TlsSession::Step::kDone) {
      state_ = State::kOpen;
    } else if (step == TlsSession::Step::kNeedMore) {
      std::string_view bytes;
      if (const Io io = Receive(bytes); io != Io::kDone) return io;
      session_->Feed(bytes);
    } else {
      return Io::kTls;
    }
  }
  return Io::kDone;
}

Channel::Io Channel::Receive(std::string_view& bytes) {
  if (drained_) return Io::kBlocked;
  const ssize_t count = recv(fd_, buffers_.in.data(), buffers_.in.size(), 0);
  if (count > 0) {
    bytes = {buffers_.in.data(), static_cast<std::size_t>(count)};
    // A short read has emptied the socket: the next bytes bring the next edge. The end may have come with it unseen.
    drained_ = bytes.size() < buffers_.in.size() && !hung_up_;
    return Io::kDone;
  }
  if (count == 0) return Io::kEnded;
  if (errno == EAGAIN || errno == EINTR) {
    drained_ = errno == EAGAIN;
    return Io::kBlocked;
  }
  error_ = errno;
  return Io::kReset;
}

Channel::Io Channel::Read(std::string_view& bytes) {
  if (!session_) return Receive(bytes);
  while (true) {
    std::size_t count = 0;
    switch (session_->Read(buffers_.plain.data(), buffers_.plain.size(), count)) {
      case TlsSession::Step::kDone: bytes = {buffers_.plain.data(), count}; return Io::kDone;
      case TlsSession::Step::kEnded: return Io::kEnded;
      case TlsSession::Step::kFailed: return Io::kTls;
      case TlsSession::Step::kNeedMore: break;
    }
    Flush();  // the answer to a change of keys
    if (const Io io = Receive(bytes); io != Io::kDone) return io;
    session_->Feed(bytes);
  }
}

std::size_t Channel::Write(std::string_view head, std::string_view body) {
  return session_ ? SendSecured(head, body) : SendPlain(head, body);
}

std::size_t Channel::Send(std::span<iovec> parts) {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  // One part goes through send, which the kernel does with less ado.
  const ssize_t count = parts.size() == 1 ? send(fd_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                                          : sendmsg(fd_, &message, MSG_NOSIGNAL);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t Channel::SendPlain(std::string_view head, std::string_view body) {
  std::array<iovec, 2> parts{Part(head), Part(body)};
  return Send(std::span(parts.data(), body.empty() ? 1 : 2));
}

std::size_t Channel::SendSecured(std::string_view head, std::string_view body) {
  std::size_t taken = 0;
  while ((!head.empty() || !body.empty()) && Flush()) {
    // A record for both when the body is small: one record less to encrypt, to send and to decrypt.
    std::string_view piece = head.empty() ? body.substr(0, kPieceMax) : head.substr(0, kPieceMax);
    if (!head.empty() && !body.empty() && head.size() + body.size() <= buffers_.plain.size()) {
      buffers_.joined.assign(head).append(body);
      piece = buffers_.joined;
    }
    if (!session_->Write(piece)) return taken;
    Flush();
    taken += piece.size();
    const std::size_t of_head = std::min(piece.size(), head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(piece.size() - of_head);
  }
  return taken;
}

bool Channel::Flush() {
  if (!session_) return true;
  core::SliceQueue& output = session_->Output();
  while (!output.empty()) {
    std::array<iovec, kPartsMax> parts;
    const std::size_t count = std::min(output.piece_count(), parts.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      parts[i] = Part(output.piece(i));
      offered += parts[i].iov_len;
    }
    const std::size_t sent = Send(std::span(parts.data(), count));
    output.Consume(sent);
    if (sent < offered) return false;
  }
  output.ReleaseIdle();
  return true;
}

}  // namespace sluice::bench

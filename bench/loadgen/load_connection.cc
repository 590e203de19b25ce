#include "bench/loadgen/load_connection.h"

#include <utility>

namespace sluice::bench {

LoadConnection::LoadConnection(LoadThread& thread, const TlsClient* tls)
    : thread_(thread), channel_(thread.buffers(), tls) {}

void LoadConnection::Connect() {
  if (!thread_.wants_connections()) return;
  opening_since_ = LoadClock::now();
  if (!channel_.Open(thread_.peer(), thread_.poller(), this)) FailToConnect();
}

void LoadConnection::OnEvents(std::uint32_t events) {
  channel_.OnEvents(events);
  if (channel_.state() == Channel::State::kClosed) return;
  if (!open()) return Advance();
  const std::uint64_t life = life_;
  if ((events & EPOLLOUT) != 0 && channel_.Flush()) OnWritable();
  if (life == life_ && (events & Poller::kReadable) != 0) ReadAll();
}

void LoadConnection::Advance() {
  switch (channel_.Advance()) {
    case Channel::Io::kBlocked: return;
    case Channel::Io::kDone: break;
    default: return FailToConnect();
  }
  thread_.OnConnected();
  const std::uint64_t life = life_;
  OnOpen();
  if (life == life_) ReadAll();  // what came with the end of the handshake brings no further event
}

void LoadConnection::ReadAll() {
  const std::uint64_t life = life_;
  while (true) {
    std::string_view bytes;
    const Channel::Io io = channel_.Read(bytes);
    if (io == Channel::Io::kDone) {
      OnBytes(bytes);
      if (life != life_) return;
      continue;
    }
    if (io != Channel::Io::kBlocked) {
      if (io == Channel::Io::kTls) thread_.NoteTrouble(channel_.ErrorText());
      return OnEnd(io == Channel::Io::kTls ? Lost::kTls : Lost::kClosed);
    }
    return OnBytesEnd();
  }
}

void LoadConnection::FailToConnect() {
  thread_.NoteTrouble(channel_.ErrorText());
  ConnectLater();
  thread_.OnConnectFailed();
}

void LoadConnection::OnTimer(std::uint64_t life) {
  if (life != life_) return;
  if (open()) return OnThought();
  if (channel_.state() == Channel::State::kClosed) Connect();
}

void LoadConnection::Expire(LoadClock::time_point now) {
  if (open()) return ExpireRequests(now);
  if (channel_.state() == Channel::State::kClosed || now - opening_since_ < thread_.options().timeout) return;
  thread_.NoteTrouble("no connection within the time-out");
  ConnectLater();
  thread_.OnConnectFailed();
}

void LoadConnection::Drop() {
  ++life_;
  channel_.Close();
}

void LoadConnection::ConnectLater() {
  Drop();
  thread_.ArmTimer(*this, life_, LoadClock::now() + kReconnectDelay);
}

void LoadConnection::Reconnect() {
  Drop();
  Connect();
}

void LoadConnection::ThinkFor(std::chrono::nanoseconds time) {
  thread_.ArmTimer(*this, life_, LoadClock::now() + time);
}

}  // namespace sluice::bench

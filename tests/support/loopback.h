// Plain non-blocking sockets on loopback for tests: a client that sends bytes as told and a server that is scripted
// by hand. Reads never wait; the test turns the gateway's loop between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// One end of a TCP connection; closes itself.
class LoopbackPeer {
 public:
  LoopbackPeer() = default;
  explicit LoopbackPeer(int descriptor) : descriptor_(descriptor) {}
  LoopbackPeer(LoopbackPeer&& other) noexcept;
  LoopbackPeer& operator=(LoopbackPeer&& other) noexcept;
  ~LoopbackPeer() { Close(); }

  bool open() const { return descriptor_ >= 0; }
  int Release();

  // Takes what the kernel takes; returns how much.
  std::size_t Write(std::string_view bytes);
  // Appends what is there to received(); notices the end and a reset.
  void Read(std::size_t most = SIZE_MAX);
  const std::string& received() const { return received_; }
  bool Received(std::string_view part) const { return received_.find(part) != std::string::npos; }
  void Forget() { received_.clear(); }
  bool ended() const { return ended_; }  // FIN or RST seen
  bool was_reset() const { return was_reset_; }

  void Close();    // FIN
  void EndSend();  // FIN, and goes on reading
  void Reset();    // RST
  void ShrinkReceiveBuffer();

 private:
  int descriptor_ = -1;
  std::string received_;
  bool ended_ = false;
  bool was_reset_ = false;
};

// A listening socket on a free port.
class LoopbackListener {
 public:
  LoopbackListener();
  ~LoopbackListener();
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  std::uint16_t port() const { return port_; }
  // A waiting connection, or one that is not open().
  LoopbackPeer Accept();
  // From now on who connects waits for ever: nobody is accepted, and the one place in the queue is taken by the peer
  // that is returned.
  LoopbackPeer LeaveUnanswered();
  // From now on the port refuses.
  void Close();

 private:
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
};

// Connected (blocking connect, non-blocking afterwards).
LoopbackPeer ConnectLoopback(std::uint16_t port);

}  // namespace sluice

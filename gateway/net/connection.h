// One TCP connection with its codec, either direction: reads when the codec wants bytes, writes what the codec has, once
// per turn, and closes when the codec or the owner says so. No policy lives here.
//
// Owned by a session (client side) or a pool (model side); freed through the worker's graveyard after its last pending
// Asio operation has returned. The worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/deadline_wheel.h"
#include "gateway/codec/codec.h"
#include "gateway/net/socket.h"
#include "gateway/runtime/handler_memory.h"
#include "gateway/runtime/worker.h"

namespace sluice::gateway {

// What the owner hears. Plain function pointers: there is one owner type per role and no need for a vtable.
struct ConnectionHooks {
  void* self = nullptr;
  // Something moved (bytes came or went, a stream began or ended). Called at the end of the turn, after the write.
  void (*on_progress)(void* self) = nullptr;
  // The socket is closed and no Asio operation is pending: the owner may free the connection (by retiring it).
  void (*on_closed)(void* self) = nullptr;
};

class Connection {
 public:
  Connection(Worker& worker, TcpSocket socket, Role role, ConnectionHooks hooks);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Gives the connection its codec and begins to read.
  void Start(std::unique_ptr<Codec> codec);

  Codec& codec() { return *codec_; }
  const Codec& codec() const { return *codec_; }
  TcpSocket& socket() { return socket_; }
  bool open() const { return state_ != State::kClosed; }

  // Flush and read as the codec wishes, at the end of this turn.
  void Wake() { worker_.MarkDirty(turn_hook_); }
  WakeHook wake_hook() {
    return {[](void* self) { static_cast<Connection*>(self)->Wake(); }, this};
  }

  // Streams still open get OnReset(reason). Output not yet written is lost. on_closed follows, never from inside.
  void Abort(core::ResetReason reason);

  std::uint64_t bytes_received() const { return bytes_received_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  // True when the peer reset the connection or a write failed, false for an orderly end.
  bool failed() const { return failed_; }
  bool peer_ended() const { return peer_ended_; }

  // Largest number of bytes taken in one turn before others get theirs.
  static constexpr std::size_t kReadBurst = 256 * 1024;
  // A connection that we have closed waits this long for the peer to end, so that our last answer is not lost to a
  // RST for bytes that the peer was still sending (RFC 9112 section 9.6).
  static constexpr core::Duration kLinger = core::Seconds(1);

 private:
  enum class State : std::uint8_t {
    kOpen,
    kLingering,  // our side is shut down; reading and dropping until the peer ends
    kClosed,
  };
  friend struct ConnectionHandlers;

  void OnTurn();
  void ReadReady(const boost::system::error_code& error);
  void WriteReady(const boost::system::error_code& error);
  void ReadSome();
  bool ReadOnce(std::size_t& taken);
  void HandleReadEnd(const boost::system::error_code& error);
  void Flush();
  void ArmRead();
  void ArmWrite();
  void BeginLinger();
  void CloseSocket();
  void MaybeReportClosed();

  Worker& worker_;
  TcpSocket socket_;
  const Role role_;
  State state_ = State::kOpen;
  bool reading_ = false;      // a wait for readability is pending
  bool writing_ = false;      // a wait for writability is pending
  bool peer_ended_ = false;
  bool failed_ = false;
  bool reported_ = false;
  bool bulk_ = false;         // the last read filled its buffer: offer more room next time
  ConnectionHooks hooks_;
  std::unique_ptr<Codec> codec_;
  TurnHook turn_hook_;
  core::Deadline linger_;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  HandlerMemory read_memory_;
  HandlerMemory write_memory_;
};

}  // namespace sluice::gateway

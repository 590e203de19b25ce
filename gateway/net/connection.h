// One TCP connection with its codec, either direction: reads when the codec wants bytes, writes what the codec has, once
// per turn, and closes when the codec or the owner says so. A TLS filter may stand between the two. No policy lives here.
//
// What the worker's poller tells about the socket is kept in flags until it is used up, so that a message costs one read
// and one write and nothing else (runtime/poller.h).
//
// Owned by a session (client side) or a pool (model side); freed through the worker's graveyard. The worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/deadline_wheel.h"
#include "gateway/codec/codec.h"
#include "gateway/net/socket.h"
#include "gateway/runtime/poller.h"
#include "gateway/runtime/worker.h"
#include "tls/filter.h"

namespace sluice::gateway {

// What the owner hears. Plain function pointers: there is one owner type per role and no need for a vtable.
struct ConnectionHooks {
  void* self = nullptr;
  // Something moved (bytes came or went, a stream began or ended). Called at the end of the turn, after the write.
  void (*on_progress)(void* self) = nullptr;
  // The socket is closed: the owner may free the connection (by retiring it). Called at the end of a turn.
  void (*on_closed)(void* self) = nullptr;
};

class Connection {
 public:
  Connection(Worker& worker, Socket socket, Role role, ConnectionHooks hooks);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Gives the connection its codec and begins to read.
  void Start(std::unique_ptr<Codec> codec);
  // Goes on with another codec, and gives the old one back. Nothing of the old one may be waiting to be written.
  std::unique_ptr<Codec> Replace(std::unique_ptr<Codec> codec) {
    shared_ = codec->Shared();
    return std::exchange(codec_, std::move(codec));
  }

  // From now on every byte goes through `filter`; none may have been sent before. `received`: ciphertext that has come
  // already.
  void Secure(std::unique_ptr<tls::Filter> filter, std::string_view received);
  // Null on a plaintext connection.
  tls::Filter* filter() { return filter_.get(); }
  const tls::Filter* filter() const { return filter_.get(); }

  Codec& codec() { return *codec_; }
  const Codec& codec() const { return *codec_; }
  const Socket& socket() const { return socket_; }
  bool open() const { return state_ != State::kClosed; }

  // Flush and read as the codec wishes, at the end of this turn; where streams share the connection, once all that is
  // ready now has had its turn, so that what it leads to on them leaves in one write.
  void Wake() { shared_ ? worker_.MarkDirtyLate(turn_hook_) : worker_.MarkDirty(turn_hook_); }
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
  // Bytes wait for the socket.
  bool unsent() const { return !codec_->Output().empty() || (filter_ != nullptr && !filter_->Output().empty()); }

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

  void OnTurn();
  void OnReady(Readiness ready);
  void ReadSome();
  bool ReadOnce(std::size_t& taken);
  void Deliver(core::Block* block, std::size_t size);
  void Decrypt(std::string_view ciphertext);
  void HandleReadEnd(IoState state);
  void HandleFilterFailure();
  core::SliceQueue& NextOutput();
  void Flush();
  bool EndSending();
  void HandleWriteFailure(IoState state);
  void BeginLinger();
  void CloseSocket();
  void ReportClosed();

  Worker& worker_;
  Socket socket_;
  const Role role_;
  State state_ = State::kOpen;
  bool readable_ = false;  // the kernel may have more for us
  bool ended_ = false;     // the peer's end or an error is among it: no edge will follow
  bool blocked_ = false;   // the kernel took less than we had; an edge will say when it takes more
  bool peer_ended_ = false;
  bool failed_ = false;
  bool was_reset_ = false;  // a write met the peer's reset
  bool reported_ = false;
  bool send_ended_ = false;  // our end was sent while the peer's direction goes on
  bool shared_ = false;
  bool bulk_ = false;  // the last read filled its buffer: offer more room next time
  ConnectionHooks hooks_;
  std::unique_ptr<Codec> codec_;
  std::unique_ptr<tls::Filter> filter_;
  TurnHook turn_hook_;
  Watch watch_;
  core::Deadline linger_;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace sluice::gateway

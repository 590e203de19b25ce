// One secured connection without its socket: ciphertext in, plaintext out, and back. The connection feeds what it has
// received, reads what that decrypts to, hands over what is to be sent and writes the ciphertext that comes of it.
//
//   kHandshaking ──► kOpen ──► kPeerEnded (close_notify)          any of them ──► kFailed
//
// Owned by a Connection; one thread. Holds no buffer while nothing is under way.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/slice.h"
#include "core/http/wire.h"
#include "core/identity/peer_identity.h"
#include "tls/bio_window.h"
#include "tls/context.h"
#include "tls/failure.h"

namespace sluice::tls {

class Filter {
 public:
  enum class State : std::uint8_t { kHandshaking, kOpen, kPeerEnded, kFailed };

  // Ciphertext that waits to be written, at most; more plaintext is taken once it has left.
  static constexpr std::size_t kOutputMax = 64 * 1024;
  // A peer that changes its keys without need costs us more than him (reliability.md C7).
  static constexpr std::uint32_t kKeyUpdatesMax = 10;
  static constexpr core::Duration kKeyUpdatesPer = core::Seconds(60);

  // Towards a client; the ClientHello is fed first.
  Filter(std::shared_ptr<const ServerContext> context, core::BlockPool& pool, const core::Clock& clock);
  // Towards a model, which is to be spoken to in `wire`; with `either` the older one will do, too. The ClientHello is in
  // Output() at once.
  Filter(std::shared_ptr<const ClientContext> context, core::Wire wire, bool either, core::BlockPool& pool,
         const core::Clock& clock);
  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  State state() const { return state_; }
  bool secured() const { return state_ == State::kOpen || state_ == State::kPeerEnded; }
  // Why the state is kFailed; an alert for the peer, if one is due, is in Output().
  Failure failure() const { return failure_; }

  // Ciphertext from the peer, valid until the next call; Read() until it returns nothing before feeding more.
  void Feed(std::string_view ciphertext) {
    window_.input = ciphertext;
    unread_ = true;
  }
  // What has been decrypted, a block's worth at most; empty when more has to be fed. Drives the handshake.
  core::Slice Read();

  // Takes plaintext off `from` as long as Output() has room; nothing before the handshake is done or after a failure.
  void Write(core::SliceQueue& from);
  // Says that nothing more will be sent; what is in Output() goes before it.
  void End();
  core::SliceQueue& Output() { return window_.output; }

  // Gives up on a handshake that never ended: at a deadline, or because the peer went away.
  void Fail(Failure failure);

  // Of the finished handshake.
  bool has_protocol() const { return protocol_ != Protocol::kNone; }  // the peers have agreed on one by ALPN
  core::Wire wire() const { return protocol_ == Protocol::kH2 ? core::Wire::kHttp2 : core::Wire::kHttp1; }
  // The peer's verified certificate; null when it showed none, or when it was not verified.
  const core::PeerIdentity* peer() const { return peer_.get(); }
  // Our own SPIFFE id, as shown to the peer; empty without.
  std::string_view own_principal() const;
  std::string_view version() const;      // "TLSv1.3"; static storage
  std::string_view cipher() const;       // OpenSSL's name; static storage
  std::string_view server_name() const;  // SNI; lives as long as the filter
  bool resumed() const;
  // How often OpenSSL has asked for ciphertext that had not come: what a message costs besides its own call.
  std::uint64_t starved() const { return window_.starved; }

 private:
  enum class Protocol : std::uint8_t { kNone, kHttp1, kH2 };

  bool SetUp();
  bool Ask(core::Wire wire, bool either);
  bool HasMore() const;
  bool Handshake();
  void OnHandshakeDone();
  void HoldTicket();
  void HandleError(int result);
  int WritePiece(core::SliceQueue& from);
  static void OnInfo(const SSL* ssl, int where, int value);
  void CountKeyUpdate();

  std::shared_ptr<const ServerContext> server_;
  std::shared_ptr<const ClientContext> client_;
  core::BlockPool& pool_;
  const core::Clock& clock_;
  BioWindow window_;
  SslPtr ssl_;
  std::unique_ptr<const core::PeerIdentity> peer_;
  State state_ = State::kHandshaking;
  Failure failure_ = Failure::kNone;
  Protocol protocol_ = Protocol::kNone;
  bool unread_ = false;            // what was fed last may hold more than has been read
  bool ended_ = false;             // End() was called
  std::uint32_t key_updates_ = 0;  // since key_updates_from_
  core::TimePoint key_updates_from_{};
};

}  // namespace sluice::tls

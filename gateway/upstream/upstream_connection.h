// One connection to a model server: connect and handshake with a deadline, then a Connection with a client-role codec,
// then idle and age limits. Owned by a Pool; freed through the worker's graveyard. The worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/intrusive/list.hpp>

#include "core/base/deadline_wheel.h"
#include "core/identity/tls_stats.h"
#include "core/upstream/cluster.h"
#include "core/upstream/pool_ledger.h"
#include "gateway/codec/codec.h"
#include "gateway/codec/make_codec.h"
#include "gateway/net/connection.h"
#include "gateway/runtime/worker.h"

namespace sluice::gateway {

class UpstreamConnection;

struct UpstreamConnectionHooks {
  void* self = nullptr;
  void (*on_connected)(void* self, UpstreamConnection& connection) = nullptr;
  // The connection is unusable afterwards; on_closed follows. `text` is the operating system's word for it.
  void (*on_connect_failed)(void* self, UpstreamConnection& connection, core::ResetReason reason,
                            const std::string& text) = nullptr;
  // The endpoint does not speak what it was asked for. The connection is unusable; on_closed follows, and those who wait
  // for it may be served by another.
  void (*on_speaks_older)(void* self) = nullptr;
  // The endpoint has ended the connection without saying what it speaks: perhaps it cannot read the question, perhaps it
  // was about to go. Otherwise as on_speaks_older.
  void (*on_silent)(void* self) = nullptr;
  // End of a turn in which something moved: a stream may have ended, capacity may be back.
  void (*on_progress)(void* self, UpstreamConnection& connection) = nullptr;
  // Gone: the pool forgets it (it retires itself).
  void (*on_closed)(void* self, UpstreamConnection& connection) = nullptr;
};

struct PoolListTag;

// As the pool's ledger sees it, and as a member of the pool's list.
class UpstreamConnection
    : public core::LedgerConnection,
      public boost::intrusive::list_base_hook<boost::intrusive::tag<PoolListTag>,
                                              boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  enum class Phase : std::uint8_t {
    kConnecting,
    kSecuring,  // connected; the TLS handshake is not done
    kOpening,   // connected; whether the peer speaks our version is not known
    kReady,
    kClosed,
  };

  // `probe`: the wire is a guess, so no request is given to the connection before the peer has shown that it is right.
  // `tls`: null for plaintext.
  UpstreamConnection(Worker& worker, const core::ConnectionPoolPolicy& policy, const CodecContext& codec,
                     core::Wire wire, bool probe, std::shared_ptr<const tls::ClientContext> tls,
                     core::TlsStats& tls_stats, UpstreamConnectionHooks hooks);
  ~UpstreamConnection();

  // Begins; the outcome arrives by hook, never from inside.
  void Connect(const Tcp::endpoint& endpoint);

  Phase phase() const { return phase_; }
  // Streams that could be opened now; 0 when the peer or the protocol state forbids more.
  std::uint32_t Capacity() const {
    return phase_ == Phase::kReady && connection_->open() ? connection_->codec().Capacity() : 0;
  }
  bool Retiring() const { return phase_ != Phase::kReady || connection_->codec().Retiring(); }
  core::Wire wire() const { return wire_; }
  bool CodecIdle() const { return phase_ == Phase::kReady && connection_->codec().Idle(); }
  // Null when there is no capacity after all.
  Stream* Open(StreamEvents& events);
  // Have on_progress called at the end of this turn.
  void Wake() {
    if (connection_) connection_->Wake();
  }
  // Closes now; streams still open are reset.
  void Close();

  // The model sent bytes that belong to no answer.
  bool desynced() const { return connection_ && connection_->codec().Desynced(); }
  bool idle_timed_out() const { return idle_timed_out_; }
  // maxConnectionDuration is over: on_progress has been asked for, the pool drains it.
  bool aged() const { return aged_; }
  const std::string& local_address() const { return local_address_; }
  // With TLS and once ready: the model's verified certificate, null when it was not verified; our own SPIFFE id in the
  // handshake, empty without.
  const core::PeerIdentity* peer_identity() const {
    return connection_ && connection_->filter() != nullptr ? connection_->filter()->peer() : nullptr;
  }
  std::string_view own_principal() const {
    return connection_ && connection_->filter() != nullptr ? connection_->filter()->own_principal()
                                                           : std::string_view();
  }
  // Has carried a stream before the current one: a failure without a byte may be a stale connection.
  bool reused() const { return streams_opened_ > 1; }

  void unlink_from_pool() {
    using Hook = boost::intrusive::list_base_hook<boost::intrusive::tag<PoolListTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    static_cast<Hook*>(this)->unlink();
  }

  // Streams that ended since the pool last looked.
  std::uint32_t finished_streams = 0;

 private:
  void OnConnect(const boost::system::error_code& error);
  void OnConnectTimeout();
  bool OnSecured();
  void OnReady();
  void OnProgress();
  void OnPingTime();
  void OnClosed();
  void FailConnect(core::ResetReason reason, const std::string& text);
  void ApplyKeepalive();

  Worker& worker_;
  const core::ConnectionPoolPolicy policy_;  // as it was when the connection was opened
  const CodecContext codec_;
  const core::Wire wire_;
  const bool probe_;
  const std::shared_ptr<const tls::ClientContext> tls_;
  core::TlsStats& tls_stats_;
  UpstreamConnectionHooks hooks_;
  Phase phase_ = Phase::kConnecting;
  bool idle_timed_out_ = false;
  bool aged_ = false;
  bool connect_pending_ = false;
  bool speaks_older_ = false;  // ALPN said so
  bool failing_ = false;       // FailConnect has spoken; the socket is still to be closed
  bool ping_sent_ = false;     // and its time-out runs
  std::uint64_t streams_opened_ = 0;
  TcpSocket socket_;                      // while connecting
  std::optional<Connection> connection_;  // afterwards
  core::Deadline connect_deadline_;
  core::Deadline idle_deadline_;
  core::Deadline age_deadline_;
  core::Deadline ping_deadline_;
  RetireHook retire_;
  std::string local_address_;
};

}  // namespace sluice::gateway

// The policy every client-facing connection shares, proxy and admin alike: what it may begin with, deadlines for a
// handshake, a pending head and an idle connection, drain, life and death. What answers its requests is decided by the
// derived session (Acceptor).
// Owned by a SessionList of its worker; the worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/intrusive/list.hpp>

#include "core/base/deadline_wheel.h"
#include "core/identity/tls_stats.h"
#include "gateway/codec/codec.h"
#include "gateway/net/connection.h"
#include "gateway/net/sniffer.h"
#include "gateway/runtime/worker.h"

namespace sluice::gateway {

// Counted by sessions, read by the metrics. One per worker and listener kind; the worker writes.
struct SessionStats {
  std::uint64_t head_timeouts = 0;
  std::uint64_t idle_timeouts = 0;
  std::uint64_t drained = 0;  // connections that were asked to end by a drain
  core::TlsStats tls;
};

struct SessionLimits {
  CodecLimits codec;
  core::Duration request_head = core::Seconds(10);
  core::Duration tls_handshake = core::Seconds(15);
  core::Duration connection_idle = core::Seconds(3600);
  core::Duration unread = core::Seconds(300);  // an answer is over but for what the client does not read; 0: for ever
  std::uint32_t requests_max = 0;              // per connection; 0: unlimited
};

class ServerSession;

// What becomes of a connection whose first bytes are still to come.
struct SessionOpening {
  bool plaintext = true;  // may begin without TLS
  bool tls = false;       // may begin with it
  void* self = nullptr;
  // Makes the codec of `session` once its version is known.
  std::unique_ptr<Codec> (*make)(void* self, ServerSession& session, core::Wire wire) = nullptr;
  // With `tls`: what secures a connection for the server that the client asks for; null when there is no such server.
  std::shared_ptr<const tls::ServerContext> (*secure)(void* self, ServerSession& session,
                                                      const tls::ClientHello& hello) = nullptr;
};

class ServerSession
    : public Acceptor,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // `socket` has been counted in Worker::connections.
  ServerSession(Worker& worker, Socket socket, const SessionLimits& limits, SessionStats& stats);
  ~ServerSession() override;

  // `codec` was made with this session as its acceptor and wake() as its hook.
  void Start(std::unique_ptr<Codec> codec);
  // The same, but the codec is made when the client's first bytes have shown what it speaks.
  void StartSniffing(const SessionOpening& opening);

  WakeHook wake() { return connection_.wake_hook(); }
  Connection& connection() { return connection_; }
  const Connection& connection() const { return connection_; }
  const std::string& peer_address() const { return peer_address_; }  // without port
  const std::string& peer() const { return peer_; }                  // with port
  const std::string& local() const { return local_; }                // the same of ours
  const std::string& local_address() const { return local_address_; }
  std::uint16_t local_port() const { return local_port_; }
  bool secured() const { return connection_.filter() != nullptr; }
  const std::string& server_name() const { return server_name_; }  // SNI, lower case; empty: none, or no TLS
  // The client as its verified certificate tells; null without one.
  const core::PeerIdentity* peer_identity() const { return secured() ? connection_.filter()->peer() : nullptr; }

  // Finish what runs, then close. An idle connection is closed when it has stayed idle for kDrainIdle: a request may be
  // on its way to us, and nobody but its sender could ask for it again.
  void BeginDrain();
  static constexpr core::Duration kDrainIdle = core::Milliseconds(500);
  bool draining() const { return draining_; }
  // Lives as long as the session: for its codec.
  const CodecLimits& codec_limits() const { return limits_.codec; }
  // Closes now; open streams are reset.
  void Abort(core::ResetReason reason) { connection_.Abort(reason); }

 protected:
  Worker& worker() { return worker_; }
  const SessionLimits& limits() const { return limits_; }
  // To be called by Accept(): one more request began. Drains the connection when its share is used up.
  void CountRequest();

 private:
  void OnProgress();
  void OnClosed();
  void OnSniffed();
  void BeginTls();
  bool AwaitHandshake();
  void Refuse(tls::Failure failure);
  void PutCodec(core::Wire wire);
  void ArmIdle();
  void OnHeadTimeout();
  void OnIdleTimeout();
  void OnUnread();

  Worker& worker_;
  SessionLimits limits_;
  SessionStats& stats_;
  Connection connection_;
  RetireHook retire_;
  core::Deadline head_deadline_;
  core::Deadline idle_deadline_;
  core::Deadline unread_deadline_;
  SessionOpening opening_;
  Sniffer* sniffer_ = nullptr;  // the connection's codec while the version is not known
  std::string peer_;
  std::string peer_address_;
  std::string local_;
  std::string local_address_;
  std::string server_name_;
  std::uint16_t local_port_ = 0;
  std::uint32_t requests_ = 0;
  bool draining_ = false;
  bool securing_ = false;       // the handshake is not done
  bool awaits_reader_ = false;  // idle_deadline_ waits for the client to read
  std::uint64_t sent_mark_ = 0;
};

using SessionList = boost::intrusive::list<ServerSession, boost::intrusive::constant_time_size<false>>;

}  // namespace sluice::gateway

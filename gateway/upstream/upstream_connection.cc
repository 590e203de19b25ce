#include "gateway/upstream/upstream_connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sluice::gateway {
namespace {

// Nothing that the model could help: descriptors, memory or local ports have run out. A breaker of ours, so to speak;
// taken for a failure of the model it would eject every one of them.
bool IsOwnShortage(const boost::system::error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory || error == errc::address_not_available;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Worker& worker, const core::ConnectionPoolPolicy& policy,
                                       const CodecContext& codec, core::Wire wire, bool probe,
                                       std::shared_ptr<const tls::ClientContext> tls, core::TlsStats& tls_stats,
                                       UpstreamConnectionHooks hooks)
    : worker_(worker),
      policy_(policy),
      codec_(codec),
      wire_(wire),
      probe_(probe && wire == core::Wire::kHttp2),
      tls_(std::move(tls)),
      tls_stats_(tls_stats),
      hooks_(hooks),
      socket_(worker.context()),
      connect_deadline_([](void* self) { static_cast<UpstreamConnection*>(self)->OnConnectTimeout(); }, this),
      idle_deadline_(
          [](void* self) {
            auto* connection = static_cast<UpstreamConnection*>(self);
            connection->idle_timed_out_ = true;
            connection->Close();
          },
          this),
      age_deadline_(
          [](void* self) {
            auto* connection = static_cast<UpstreamConnection*>(self);
            connection->aged_ = true;
            connection->Wake();
          },
          this),
      ping_deadline_([](void* self) { static_cast<UpstreamConnection*>(self)->OnPingTime(); }, this),
      retire_([](void* self) { delete static_cast<UpstreamConnection*>(self); }, this) {}

UpstreamConnection::~UpstreamConnection() = default;

void UpstreamConnection::Connect(const Tcp::endpoint& endpoint) {
  worker_.wheel().Arm(connect_deadline_, worker_.now() + policy_.connect_timeout);
  boost::system::error_code error;
  socket_.open(endpoint.protocol(), error);
  connect_pending_ = true;
  if (error) {  // out of descriptors, most likely
    boost::asio::post(worker_.context(), [this, error] { OnConnect(error); });
    return;
  }
  socket_.async_connect(endpoint, [this](const boost::system::error_code& failed) { OnConnect(failed); });
}

void UpstreamConnection::OnConnect(const boost::system::error_code& error) {
  connect_pending_ = false;
  if (phase_ == Phase::kClosed) return worker_.Retire(retire_);  // timed out or closed meanwhile
  if (error) {
    worker_.wheel().Disarm(connect_deadline_);
    const bool own = IsOwnShortage(error);
    return FailConnect(own ? core::ResetReason::kOverflow : core::ResetReason::kConnectFailure, error.message());
  }
  boost::system::error_code ignored;
  ApplyKeepalive();
  // Out of Asio's reactor and into the worker's poller.
  Socket socket(socket_.release(ignored));
  local_address_ = EndpointText(socket.local());
  connection_.emplace(
      worker_, std::move(socket), Role::kClient,
      ConnectionHooks{.self = this,
                      .on_progress = [](void* self) { static_cast<UpstreamConnection*>(self)->OnProgress(); },
                      .on_closed = [](void* self) { static_cast<UpstreamConnection*>(self)->OnClosed(); }});
  connection_->Start(MakeCodec(Role::kClient, wire_, codec_, nullptr, connection_->wake_hook()));
  if (tls_ != nullptr) {
    phase_ = Phase::kSecuring;
    return connection_->Secure(std::make_unique<tls::Filter>(tls_, wire_, probe_, worker_.blocks(), worker_.clock()),
                               {});
  }
  if (!probe_) return OnReady();
  phase_ = Phase::kOpening;
  connection_->Wake();  // our side of the opening leaves at once; the connect deadline covers the peer's
}

// False when the model has chosen the older version, in the handshake itself.
bool UpstreamConnection::OnSecured() {
  const tls::Filter& filter = *connection_->filter();
  ++tls_stats_.handshakes;
  if (wire_ == core::Wire::kHttp2 && filter.has_protocol() && filter.wire() == core::Wire::kHttp1) {
    speaks_older_ = true;
    phase_ = Phase::kOpening;
    connection_->Abort(core::ResetReason::kConnectionClosed);  // OnClosed follows
    return false;
  }
  if (probe_) {
    phase_ = Phase::kOpening;
  } else {
    OnReady();
  }
  return phase_ == Phase::kReady || phase_ == Phase::kOpening;
}

void UpstreamConnection::OnReady() {
  worker_.wheel().Disarm(connect_deadline_);
  phase_ = Phase::kReady;
  if (wire_ == core::Wire::kHttp2 && policy_.ping.interval > core::Duration::zero()) {
    worker_.wheel().Arm(ping_deadline_, worker_.now() + policy_.ping.interval);
  }
  if (policy_.max_connection_duration > core::Duration::zero()) {
    worker_.wheel().Arm(age_deadline_, worker_.now() + policy_.max_connection_duration);
  }
  hooks_.on_connected(hooks_.self, *this);
}

void UpstreamConnection::OnConnectTimeout() {
  if (phase_ == Phase::kSecuring) connection_->filter()->Fail(tls::Failure::kTimeout);
  FailConnect(core::ResetReason::kConnectTimeout, "connection timeout");
}

// http2KeepAlive: asks after each interval, whatever else moves, and gives up when the answer is late.
void UpstreamConnection::OnPingTime() {
  if (phase_ != Phase::kReady) return;
  Codec& codec = connection_->codec();
  if (codec.AwaitsPong()) return connection_->Abort(core::ResetReason::kConnectionReset);
  if (!ping_sent_) {
    codec.Ping();
    connection_->Wake();
  }
  ping_sent_ = !ping_sent_;
  worker_.wheel().Arm(ping_deadline_, worker_.now() + (ping_sent_ ? policy_.ping.timeout : policy_.ping.interval));
}

void UpstreamConnection::FailConnect(core::ResetReason reason, const std::string& text) {
  worker_.wheel().Disarm(connect_deadline_);
  if (phase_ == Phase::kOpening || phase_ == Phase::kSecuring) {
    failing_ = true;  // OnClosed, which follows, has nothing to add
    connection_->Abort(reason);
  }
  phase_ = Phase::kClosed;
  boost::system::error_code ignored;
  socket_.close(ignored);
  hooks_.on_connect_failed(hooks_.self, *this, reason, text);
  hooks_.on_closed(hooks_.self, *this);
  if (!connect_pending_ && !failing_) worker_.Retire(retire_);
}

void UpstreamConnection::ApplyKeepalive() {
  if (!policy_.tcp_keepalive) return;
  const int descriptor = socket_.native_handle();
  const auto set = [descriptor](int level, int name, auto value) {
    const int number = static_cast<int>(value);
    ::setsockopt(descriptor, level, name, &number, sizeof(number));
  };
  const auto seconds = [](core::Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, seconds(policy_.tcp_keepalive->time));
  set(IPPROTO_TCP, TCP_KEEPINTVL, seconds(policy_.tcp_keepalive->interval));
  set(IPPROTO_TCP, TCP_KEEPCNT, policy_.tcp_keepalive->probes);
}

Stream* UpstreamConnection::Open(StreamEvents& events) {
  Stream* stream = connection_->codec().Open(events);
  if (stream == nullptr) return nullptr;
  worker_.wheel().Disarm(idle_deadline_);
  ++streams_opened_;
  return stream;
}

void UpstreamConnection::OnProgress() {
  if (phase_ == Phase::kSecuring) {
    if (!connection_->filter()->secured() || !OnSecured()) return;  // a failure ends in OnClosed
  }
  if (phase_ == Phase::kOpening) {
    if (!connection_->codec().Opened()) return;  // an older version's answer ends in OnClosed
    OnReady();
    if (phase_ != Phase::kReady) return;
  }
  if (CodecIdle() && policy_.idle_timeout > core::Duration::zero() && !idle_deadline_.armed()) {
    worker_.wheel().Arm(idle_deadline_, worker_.now() + policy_.idle_timeout);
  }
  hooks_.on_progress(hooks_.self, *this);
}

void UpstreamConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kConnecting || phase_ == Phase::kSecuring || phase_ == Phase::kOpening) {
    return FailConnect(core::ResetReason::kCancelled, "no longer wanted");
  }
  connection_->Abort(core::ResetReason::kConnectionClosed);  // OnClosed follows
}

void UpstreamConnection::OnClosed() {
  const tls::Filter* const filter = connection_->filter();
  const tls::Failure failure = filter == nullptr ? tls::Failure::kNone : filter->failure();
  if (failure != tls::Failure::kNone) tls_stats_.Count(failure);
  if (failing_) return worker_.Retire(retire_);
  if (phase_ == Phase::kClosed) return;
  worker_.wheel().Disarm(connect_deadline_);
  if (phase_ == Phase::kSecuring) {
    phase_ = Phase::kClosed;
    const std::string text = failure == tls::Failure::kNone ? "connection reset during the TLS handshake"
                                                            : "TLS: " + std::string(core::TlsFailureText(failure));
    hooks_.on_connect_failed(hooks_.self, *this, core::ResetReason::kConnectFailure, text);
    hooks_.on_closed(hooks_.self, *this);
    return worker_.Retire(retire_);
  }
  if (phase_ == Phase::kOpening) {
    phase_ = Phase::kClosed;
    if (speaks_older_ || connection_->codec().SpeaksOlder()) {
      hooks_.on_speaks_older(hooks_.self);
    } else if (!connection_->failed()) {
      hooks_.on_silent(hooks_.self);
    } else {
      hooks_.on_connect_failed(hooks_.self, *this, core::ResetReason::kConnectFailure, "connection reset");
    }
    hooks_.on_closed(hooks_.self, *this);
    return worker_.Retire(retire_);
  }
  phase_ = Phase::kClosed;
  hooks_.on_closed(hooks_.self, *this);
  worker_.Retire(retire_);
}

}  // namespace sluice::gateway

#include "gateway/net/server_session.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace sluice::gateway {

ServerSession::ServerSession(Worker& worker, Socket socket, const SessionLimits& limits, SessionStats& stats)
    : worker_(worker),
      limits_(limits),
      stats_(stats),
      connection_(worker, std::move(socket), Role::kServer,
                  ConnectionHooks{.self = this,
                                  .on_progress = [](void* self) { static_cast<ServerSession*>(self)->OnProgress(); },
                                  .on_closed = [](void* self) { static_cast<ServerSession*>(self)->OnClosed(); }}),
      retire_([](void* self) { delete static_cast<ServerSession*>(self); }, this),
      head_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnHeadTimeout(); }, this),
      idle_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnIdleTimeout(); }, this),
      unread_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnUnread(); }, this) {
  const Tcp::endpoint remote = connection_.socket().remote();
  const Tcp::endpoint own = connection_.socket().local();
  peer_ = EndpointText(remote);
  peer_address_ = remote.address().to_string();
  local_ = EndpointText(own);
  local_address_ = own.address().to_string();
  local_port_ = own.port();
}

ServerSession::~ServerSession() { worker_.connections.fetch_sub(1, std::memory_order_relaxed); }

void ServerSession::Start(std::unique_ptr<Codec> codec) {
  connection_.Start(std::move(codec));
  // Until its first byte it is an idle connection: clients and load balancers open some in advance.
  ArmIdle();
}

void ServerSession::StartSniffing(const SessionOpening& opening) {
  opening_ = opening;
  auto sniffer = std::make_unique<Sniffer>();
  sniffer_ = sniffer.get();
  Start(std::move(sniffer));
  // Where nothing but TLS is spoken, the time for the handshake runs from the first moment.
  if (opening_.plaintext || !connection_.open()) return;
  worker_.wheel().Disarm(idle_deadline_);
  worker_.wheel().Arm(head_deadline_, worker_.now() + limits_.tls_handshake);
  securing_ = true;
}

// The first bytes have told something.
void ServerSession::OnSniffed() {
  switch (sniffer_->finding()) {
    case Sniffer::Finding::kUndecided: return;
    case Sniffer::Finding::kHttp1:
    case Sniffer::Finding::kHttp2:
      if (!secured() && !opening_.plaintext) return Refuse(tls::Failure::kPlaintext);
      return PutCodec(sniffer_->finding() == Sniffer::Finding::kHttp2 ? core::Wire::kHttp2 : core::Wire::kHttp1);
    case Sniffer::Finding::kBadTls:
      if (!opening_.tls) return Refuse(tls::Failure::kTlsOnPlaintext);
      return Refuse(sniffer_->hello_state() == tls::HelloState::kTooLarge ? tls::Failure::kHelloTooLarge
                                                                          : tls::Failure::kHelloMalformed);
    case Sniffer::Finding::kTls: return BeginTls();
  }
}

void ServerSession::BeginTls() {
  if (!opening_.tls) return Refuse(tls::Failure::kTlsOnPlaintext);
  server_name_ = sniffer_->hello().server_name;
  auto context = opening_.secure(opening_.self, *this, sniffer_->hello());
  if (context == nullptr) return Refuse(tls::Failure::kNoServer);
  securing_ = true;
  worker_.wheel().Disarm(idle_deadline_);
  if (!head_deadline_.armed()) worker_.wheel().Arm(head_deadline_, worker_.now() + limits_.tls_handshake);
  const core::Slice received = sniffer_->BeginInside();
  connection_.Secure(std::make_unique<tls::Filter>(std::move(context), worker_.blocks(), worker_.clock()),
                     received.view());
}

// Whether the handshake is still to be waited for. What it has agreed on decides about the codec; without an agreement
// the bytes inside do.
bool ServerSession::AwaitHandshake() {
  const tls::Filter* const filter = connection_.filter();
  if (filter == nullptr || !filter->secured()) return true;
  securing_ = false;
  worker_.wheel().Disarm(head_deadline_);
  ++stats_.tls.handshakes;
  if (filter->resumed()) ++stats_.tls.resumed;
  // The context was chosen by our reading of the name: OpenSSL's must be the same.
  if (core::Fold(filter->server_name()) != server_name_) {
    Refuse(tls::Failure::kNoServer);
    return true;
  }
  if (filter->has_protocol()) PutCodec(filter->wire());
  return false;
}

// Without a word: what would be said is not in a language that the client speaks.
void ServerSession::Refuse(tls::Failure failure) {
  securing_ = false;
  stats_.tls.Count(failure);
  connection_.Abort(core::ResetReason::kProtocolError);
}

void ServerSession::OnClosed() {
  const tls::Filter* const filter = connection_.filter();
  if (filter != nullptr && filter->failure() != tls::Failure::kNone) {
    stats_.tls.Count(filter->failure());
  } else if (securing_ && sniffer_ != nullptr && sniffer_->HeadPending()) {
    stats_.tls.Count(tls::Failure::kPeerClosed);  // in the middle of its first words
  }
  worker_.Retire(retire_);
}

void ServerSession::PutCodec(core::Wire wire) {
  const std::unique_ptr<Codec> old = connection_.Replace(opening_.make(opening_.self, *this, wire));
  Sniffer& sniffer = *std::exchange(sniffer_, nullptr);
  Codec& codec = connection_.codec();
  if (draining_) codec.AnnounceDrain();
  if (core::Slice held = sniffer.Take(); !held.empty()) codec.Receive(std::move(held));
  connection_.Wake();
}

void ServerSession::ArmIdle() {
  const core::Duration idle = draining_ ? std::min(kDrainIdle, limits_.connection_idle) : limits_.connection_idle;
  worker_.wheel().Arm(idle_deadline_, worker_.now() + idle);
}

void ServerSession::CountRequest() {
  ++requests_;
  if (limits_.requests_max != 0 && requests_ >= limits_.requests_max) connection_.codec().AnnounceDrain();
}

void ServerSession::OnProgress() {
  if (sniffer_ != nullptr) {
    const bool inside = secured();
    if (securing_ && inside && AwaitHandshake()) return;
    if (sniffer_ != nullptr && sniffer_->finding() != Sniffer::Finding::kUndecided) return OnSniffed();
    if (securing_ || sniffer_ == nullptr) return;  // Wake() has been called where a codec was put
  }
  Codec& codec = connection_.codec();
  const bool awaited_reader = std::exchange(awaits_reader_, codec.AwaitsReader());
  if (codec.HeadPending()) {
    // The clock of a head starts at its first byte and is not pushed on by more dribble.
    if (!head_deadline_.armed()) worker_.wheel().Arm(head_deadline_, worker_.now() + limits_.request_head);
    worker_.wheel().Disarm(idle_deadline_);
    return;
  }
  worker_.wheel().Disarm(head_deadline_);
  if (!codec.HasUnread()) {
    worker_.wheel().Disarm(unread_deadline_);
  } else if (!unread_deadline_.armed() && limits_.unread > core::Duration::zero()) {
    worker_.wheel().Arm(unread_deadline_, worker_.now() + limits_.unread / 2);  // the second look is what decides
  }
  if (awaits_reader_ && limits_.unread > core::Duration::zero()) {
    // The request is over and forgotten: nobody else would notice that its client reads no further, or by single bytes.
    const std::uint64_t sent = connection_.bytes_sent();
    if (awaited_reader && idle_deadline_.armed() && sent - sent_mark_ < kUnreadProgressMin) return;
    sent_mark_ = sent;
    return worker_.wheel().Arm(idle_deadline_, worker_.now() + limits_.unread);
  }
  if (codec.Idle()) {
    ArmIdle();
  } else {
    worker_.wheel().Disarm(idle_deadline_);
  }
}

void ServerSession::OnHeadTimeout() {
  if (securing_) {
    if (!secured()) return Refuse(tls::Failure::kTimeout);
    connection_.filter()->Fail(tls::Failure::kTimeout);
    return connection_.Abort(core::ResetReason::kTimeout);
  }
  ++stats_.head_timeouts;
  if (sniffer_ != nullptr) PutCodec(core::Wire::kHttp1);  // too little for a preface is a bad beginning of a request
  if (connection_.codec().HeadPending()) {
    connection_.codec().FailPendingHead(ProtocolFault{.status = 408, .details = "request_header_timeout"});
    connection_.Wake();
  } else {
    connection_.Abort(core::ResetReason::kStreamIdle);
  }
}

void ServerSession::OnIdleTimeout() {
  if (!draining_) ++stats_.idle_timeouts;
  connection_.codec().BeginDrain();
  if (connection_.codec().AwaitsReader()) return connection_.Abort(core::ResetReason::kStreamIdle);
  connection_.Wake();
}

void ServerSession::OnUnread() {
  connection_.codec().ExpireUnread();
  connection_.Wake();
}

void ServerSession::BeginDrain() {
  if (draining_) return;
  draining_ = true;
  ++stats_.drained;
  connection_.codec().AnnounceDrain();
  if (connection_.codec().Idle()) ArmIdle();
}

}  // namespace sluice::gateway

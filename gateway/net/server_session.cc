#include "gateway/net/server_session.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

ServerSession::ServerSession(Worker& worker, Socket socket, const SessionLimits& limits, SessionStats& stats)
    : worker_(worker),
      limits_(limits),
      stats_(stats),
      connection_(worker, std::move(socket), Role::kServer,
                  ConnectionHooks{.self = this,
                                  .on_progress = [](void* self) { static_cast<ServerSession*>(self)->OnProgress(); },
                                  .on_closed =
                                      [](void* self) {
                                        auto* session = static_cast<ServerSession*>(self);
                                        session->worker_.Retire(session->retire_);
                                      }}),
      retire_([](void* self) { delete static_cast<ServerSession*>(self); }, this),
      head_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnHeadTimeout(); }, this),
      idle_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnIdleTimeout(); }, this),
      unread_deadline_([](void* self) { static_cast<ServerSession*>(self)->OnUnread(); }, this) {
  const Tcp::endpoint remote = connection_.socket().remote();
  const Tcp::endpoint own = connection_.socket().local();
  peer_ = EndpointText(remote);
  peer_address_ = remote.address().to_string();
  local_ = EndpointText(own);
  local_port_ = own.port();
}

ServerSession::~ServerSession() { worker_.connections.fetch_sub(1, std::memory_order_relaxed); }

void ServerSession::Start(std::unique_ptr<Codec> codec) {
  connection_.Start(std::move(codec));
  // Until its first byte it is an idle connection: clients and load balancers open some in advance.
  ArmIdle();
}

void ServerSession::StartSniffing(CodecMaker maker) {
  maker_ = maker;
  auto sniffer = std::make_unique<Sniffer>();
  sniffer_ = sniffer.get();
  Start(std::move(sniffer));
}

void ServerSession::PutCodec(core::Wire wire) {
  const std::unique_ptr<Codec> old = connection_.Replace(maker_.make(maker_.self, *this, wire));
  Sniffer& sniffer = *std::exchange(sniffer_, nullptr);
  Codec& codec = connection_.codec();
  if (draining_) codec.AnnounceDrain();
  if (!sniffer.held().empty()) codec.Receive(core::Slice::Copy(sniffer.held()));  // cut in its first bytes: rare
  if (core::Slice last = sniffer.TakeLast(); !last.empty()) codec.Receive(std::move(last));
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
  if (sniffer_ != nullptr && sniffer_->wire()) return PutCodec(*sniffer_->wire());
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

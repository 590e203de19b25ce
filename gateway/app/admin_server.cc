#include "gateway/app/admin_server.h"

#include <memory>

#include "core/base/check.h"
#include "gateway/codec/make_codec.h"

namespace sluice::gateway {
namespace {

// A connection to one of the ports. Its exchange outlives neither the session nor the turn in which it is done.
class AdminSession final : public ServerSession {
 public:
  AdminSession(Worker& worker, Socket socket, const SessionLimits& limits, SessionStats& stats,
               const AdminContext& context, PageSet pages)
      : ServerSession(worker, std::move(socket), limits, stats), context_(context), pages_(pages) {}

  StreamEvents& Accept(Stream& stream) override {
    CountRequest();
    const core::PeerIdentity* shown = peer_identity();
    std::string peer;
    if (shown != nullptr) peer = shown->name().empty() ? shown->subject : std::string(shown->name());
    auto* held = new Held(worker(), stream, context_, pages_, std::move(peer));
    return held->exchange;
  }

  void OnFault(StreamEvents& events, const ProtocolFault& fault) override {
    static_cast<AdminExchange&>(events).OnFault(fault.status, fault.details);
  }

 private:
  struct Held {
    Held(Worker& worker, Stream& stream, const AdminContext& context, PageSet pages, std::string peer)
        : owner(worker),
          exchange(stream, context, pages,
                   {.call = [](void* self, AdminExchange&) { static_cast<Held*>(self)->Done(); }, .self = this},
                   std::move(peer)),
          retire([](void* self) { delete static_cast<Held*>(self); }, this) {}

    void Done() { owner.Retire(retire); }

    Worker& owner;
    AdminExchange exchange;
    RetireHook retire;
  };

  const AdminContext& context_;
  const PageSet pages_;
};

}  // namespace

AdminServer::AdminServer(Worker& control, AdminContext context, const AdminAccess& access)
    : control_(control), context_(std::move(context)), access_(access) {
  context_.guard = access_.guard();
  context_.wheel = &control_.wheel();
  context_.clock = &control_.clock();
  context_.bodies = &bodies_;
  const PageSet sets[] = {PageSet::kAdmin, PageSet::kHealth, PageSet::kMetrics};
  for (std::size_t i = 0; i < ports_.size(); ++i) ports_[i] = {this, sets[i]};
}

AdminServer::~AdminServer() { CHECK(sessions_.empty()); }

AcceptHook AdminServer::Hook(PageSet pages) {
  for (Port& port : ports_) {
    if (port.pages != pages) continue;
    return {.call =
                [](void* self, Worker&, Socket socket, const Tcp::endpoint&) {
                  const Port& chosen = *static_cast<Port*>(self);
                  chosen.server->Accept(std::move(socket), chosen.pages);
                },
            .self = &port};
  }
  CHECK(false);
  return {};
}

void AdminServer::Accept(Socket socket, PageSet pages) {
  auto* session = new AdminSession(control_, std::move(socket), limits_, session_stats_, context_, pages);
  sessions_.push_back(*session);
  if (pages != PageSet::kAdmin || !access_.secured()) return session->Start(MakeFor(*session, core::Wire::kHttp1));
  session->StartSniffing(
      {.plaintext = access_.plaintext_too(),
       .tls = true,
       .self = this,
       .make = [](void* self, ServerSession& by,
                  core::Wire wire) { return static_cast<AdminServer*>(self)->MakeFor(by, wire); },
       .secure = [](void* self, ServerSession&,
                    const tls::ClientHello&) { return static_cast<AdminServer*>(self)->access_.context(); }});
}

std::unique_ptr<Codec> AdminServer::MakeFor(ServerSession& session, core::Wire wire) {
  return MakeCodec(Role::kServer, wire, {session.codec_limits(), codec_stats_, control_.blocks(), control_.clock()},
                   &session, session.wake());
}

void AdminServer::CloseAll() {
  for (auto it = sessions_.begin(); it != sessions_.end();) (it++)->Abort(core::ResetReason::kDrain);
}

}  // namespace sluice::gateway

#include "gateway/proxy/proxy_session.h"

#include "core/identity/client_certificate_header.h"
#include "gateway/proxy/exchange.h"

namespace sluice::gateway {

ProxySession::ProxySession(ExchangeContext& context, Socket socket, const SessionLimits& limits, SessionStats& stats,
                           const ListenerKey& key, std::uint16_t listener_port)
    : ServerSession(context.worker, std::move(socket), limits, stats),
      context_(context),
      key_(key),
      listener_port_(listener_port) {
  DownstreamCounters& counters = context_.metrics.downstream();
  counters.cx_total.Add();
  counters.cx_active.Add(1);
}

ProxySession::~ProxySession() { context_.metrics.downstream().cx_active.Add(-1); }

void ProxySession::StartBy(const SessionOpening& maker) {
  using Transport = core::Listener::Transport;
  SessionOpening opening = maker;
  const core::Listener* const listener = context_.current->FindListener(key_.bind, key_.port);
  const Transport transport = listener == nullptr ? Transport::kPlaintext : listener->transport;
  opening.plaintext = transport == Transport::kPlaintext || transport == Transport::kPermissive;
  opening.tls = transport == Transport::kTls || (transport != Transport::kPlaintext && listener->workload->context);
  opening.secure = [](void*, ServerSession& session, const tls::ClientHello& hello) {
    return ContextFor(session, hello);
  };
  StartSniffing(opening);
}

std::shared_ptr<const tls::ServerContext> ProxySession::ContextFor(ServerSession& session,
                                                                   const tls::ClientHello& hello) {
  const auto& self = static_cast<ProxySession&>(session);
  const core::Listener* const listener = self.context_.current->FindListener(self.key_.bind, self.key_.port);
  if (listener == nullptr) return nullptr;
  if (listener->transport != core::Listener::Transport::kTls) {
    return listener->workload ? listener->workload->context : nullptr;
  }
  const core::GatewayServer* const server = listener->FindServer(hello.server_name);
  return server == nullptr || !server->tls ? nullptr : server->tls->context;
}

core::Place ProxySession::PlaceOf(const core::Snapshot& snapshot, std::string_view host) const {
  return core::FindPlace(snapshot.FindListener(key_.bind, key_.port), host, server_name());
}

std::string_view ProxySession::own_principal() const {
  return peer_identity() == nullptr ? std::string_view() : connection().filter()->own_principal();
}

std::string_view ProxySession::peer_principal() const {
  return peer_identity() == nullptr ? std::string_view() : peer_identity()->name();
}

const std::string& ProxySession::ClientCertificateHeader() {
  if (client_certificate_header_.empty()) {
    client_certificate_header_ = core::FormatClientCertificate(*peer_identity(), own_principal());
  }
  return client_certificate_header_;
}

StreamEvents& ProxySession::Accept(Stream& stream) {
  CountRequest();
  Exchange* exchange = context_.exchanges.Take(context_);
  exchange->Begin(*this, stream);
  return *exchange;
}

void ProxySession::OnFault(StreamEvents& events, const ProtocolFault& fault) {
  static_cast<Exchange&>(events).OnFault(fault);
}

}  // namespace sluice::gateway

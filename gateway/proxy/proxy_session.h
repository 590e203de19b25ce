// A client connection of the proxy: every request on it becomes an exchange. The worker's thread only.
#pragma once

#include <string>
#include <string_view>

#include "core/plan/arrival.h"
#include "gateway/net/server_session.h"
#include "gateway/proxy/exchange_context.h"

namespace sluice::gateway {

// Which of a configuration's listeners a connection came in by; see core::Listener.
struct ListenerKey {
  std::string bind;
  std::uint16_t port = 0;  // as configured; 0: the process's own
};

class ProxySession final : public ServerSession {
 public:
  // `listener_port`: as bound.
  ProxySession(ExchangeContext& context, Socket socket, const SessionLimits& limits, SessionStats& stats,
               const ListenerKey& key, std::uint16_t listener_port);
  ~ProxySession() override;

  // What may come over this connection, by the configuration in force.
  void StartBy(const SessionOpening& maker);

  StreamEvents& Accept(Stream& stream) override;
  void OnFault(StreamEvents& events, const ProtocolFault& fault) override;

  std::uint16_t listener_port() const { return listener_port_; }
  const ListenerKey& key() const { return key_; }
  // Names of both ends, as shown in the handshake; empty where none was.
  std::string_view own_principal() const;
  std::string_view peer_principal() const;
  // x-forwarded-client-cert for requests of this client, who has shown a certificate.
  const std::string& ClientCertificateHeader();

  // Where a request for this Host has come in, by `snapshot`.
  core::Place PlaceOf(const core::Snapshot& snapshot, std::string_view host) const;

 private:
  static std::shared_ptr<const tls::ServerContext> ContextFor(ServerSession& session, const tls::ClientHello& hello);

  ExchangeContext& context_;
  const ListenerKey key_;
  const std::uint16_t listener_port_;
  std::string client_certificate_header_;  // made when it is first asked for
};

}  // namespace sluice::gateway

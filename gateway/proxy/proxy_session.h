// A client connection of the proxy: every request on it becomes an exchange. The worker's thread only.
#pragma once

#include "gateway/net/server_session.h"
#include "gateway/proxy/exchange_context.h"

namespace sluice::gateway {

class ProxySession final : public ServerSession {
 public:
  ProxySession(ExchangeContext& context, Socket socket, const SessionLimits& limits, SessionStats& stats,
               std::uint16_t listener_port);
  ~ProxySession() override;

  StreamEvents& Accept(Stream& stream) override;
  void OnFault(StreamEvents& events, const ProtocolFault& fault) override;

  std::uint16_t listener_port() const { return listener_port_; }

 private:
  ExchangeContext& context_;
  const std::uint16_t listener_port_;
};

}  // namespace sluice::gateway

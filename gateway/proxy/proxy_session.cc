#include "gateway/proxy/proxy_session.h"

#include "gateway/proxy/exchange.h"

namespace sluice::gateway {

ProxySession::ProxySession(ExchangeContext& context, Socket socket, const SessionLimits& limits, SessionStats& stats,
                           std::uint16_t listener_port)
    : ServerSession(context.worker, std::move(socket), limits, stats),
      context_(context),
      listener_port_(listener_port) {
  DownstreamCounters& counters = context_.metrics.downstream();
  counters.cx_total.Add();
  counters.cx_active.Add(1);
}

ProxySession::~ProxySession() { context_.metrics.downstream().cx_active.Add(-1); }

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

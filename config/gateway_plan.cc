#include "config/gateway_plan.h"

#include "config/service_catalog.h"

#include <algorithm>

namespace sluice::config {

bool SelectsUs(const Gateway& gateway, const core::Settings::Identity& identity) {
  return identity.labels.empty() || HasLabels(identity.labels, gateway.selector);
}

std::vector<PlannedPort> PlanPorts(const Documents& documents) {
  std::vector<PlannedPort> ports;
  for (const Gateway& gateway : documents.gateways) {
    if (!SelectsUs(gateway, documents.settings.identity)) continue;
    for (const GatewayServerSpec& server : gateway.servers) {
      const auto same = [&](const PlannedPort& port) { return port.port == server.port && port.bind == server.bind; };
      auto at = std::ranges::find_if(ports, same);
      if (at == ports.end()) at = ports.insert(at, {server.bind, server.port, server.tls.has_value(), {}});
      at->servers.push_back({&gateway, &server});
    }
  }
  return ports;
}

}  // namespace sluice::config

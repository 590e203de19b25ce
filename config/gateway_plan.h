// Which Gateways hold for this process, and the ports that their servers ask for. Borrows from Documents. Used by the
// validator and by the compiler, so that both see the same world. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/document.h"

namespace sluice::config {

struct PlannedServer {
  const Gateway* gateway = nullptr;
  const GatewayServerSpec* server = nullptr;
};

struct PlannedPort {
  std::string bind;  // IP literal; empty: every address
  std::uint16_t port = 0;
  bool secured = false;  // its first server terminates TLS; the others must do the same
  std::vector<PlannedServer> servers;
};

// Whether the Gateway's selector means this process. Without labels in GatewaySettings it is whatever a Gateway means:
// there is no other proxy here.
bool SelectsUs(const Gateway& gateway, const core::Settings::Identity& identity);

// In file and document order; without any, the process's own port is the only one.
std::vector<PlannedPort> PlanPorts(const Documents& documents);

}  // namespace sluice::config

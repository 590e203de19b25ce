// Gateways and PeerAuthentications -> core::Listener (istio-reference.md sections 3.2 and 3.3).
#include "config/compile.h"

#include "config/format.h"
#include "config/gateway_plan.h"
#include "config/mtls_mode.h"
#include "config/tls_policies.h"

#include <utility>
#include <vector>

namespace sluice::config {
namespace {

// What may arrive on a port for which no Gateway has TLS.
void SetTransport(const Documents& documents, std::uint16_t port, core::Listener& listener) {
  using Transport = core::Listener::Transport;
  const MtlsDecision decision = MtlsModeOf(documents, port);
  const bool certified = !documents.settings.identity.certificate_directory.empty();
  if (decision.mode == MtlsMode::kDisable || !certified) return;
  const Place place =
      decision.from == nullptr ? documents.settings_place : Place{decision.from->meta.file, decision.mark};
  listener.transport = decision.mode == MtlsMode::kStrict ? Transport::kStrict : Transport::kPermissive;
  listener.workload = MakeWorkloadPolicy(documents, place);
  // Nobody has asked for it: a directory that holds credentials only is right, too.
  listener.workload->optional = decision.mode == MtlsMode::kUnset;
}

core::GatewayServer MakeServer(const Documents& documents, const PlannedServer& planned, std::uint32_t table) {
  core::GatewayServer server;
  server.name = Format("{}/{}", planned.gateway->meta.Id(), planned.server->name);
  for (const GatewayHost& host : planned.server->hosts) server.hosts.push_back(host.host);
  if (planned.server->tls.has_value()) {
    server.tls = MakeServerPolicy(documents, planned.gateway->meta, *planned.server);
  }
  server.https_redirect = planned.server->https_redirect;
  server.table = table;
  return server;
}

void IndexServers(core::Listener& listener) {
  std::vector<core::HostIndex::Entry> entries;
  for (std::uint32_t i = 0; i < listener.servers.size(); ++i) {
    for (const std::string& host : listener.servers[i].hosts) entries.push_back({host, i});
  }
  listener.server_by_host = core::HostIndex(entries);
}

}  // namespace

void CompileListeners(const Documents& documents, core::Snapshot& snapshot) {
  std::uint32_t table = 0;
  for (const PlannedPort& port : PlanPorts(documents)) {
    core::Listener listener;
    listener.bind = port.bind;
    listener.port = port.port;
    if (port.secured) {
      listener.transport = core::Listener::Transport::kTls;
    } else {
      SetTransport(documents, port.port, listener);
    }
    for (const PlannedServer& server : port.servers) {
      listener.servers.push_back(MakeServer(documents, server, table++));
    }
    IndexServers(listener);
    snapshot.listeners.push_back(std::move(listener));
  }
  if (!snapshot.listeners.empty()) return;
  core::Listener own;
  SetTransport(documents, documents.own_port, own);
  snapshot.listeners.push_back(std::move(own));
}

}  // namespace sluice::config

// Where client traffic arrives and how it is secured there: servers of Gateway resources by port, or the process's own
// port. Plain data; immutable in a Snapshot; any thread (istio-reference.md sections 3.2 and 3.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/tls_policy.h"
#include "core/route/host_index.h"

namespace sluice::core {

// One servers[] entry of a Gateway.
struct GatewayServer {
  std::string name;                    // "namespace/gateway/port name"
  std::vector<std::string> hosts;      // lower case, without namespace: exact, "*.suffix" or "*"
  std::optional<ServerTlsPolicy> tls;  // absent: plaintext
  bool https_redirect = false;         // 301 to https for everything
  std::uint32_t table = 0;             // of Snapshot::gateway_tables: the rules that hold here
};

struct Listener {
  // What may arrive on the port.
  enum class Transport : std::uint8_t {
    kPlaintext,   // TLS is refused (PeerAuthentication DISABLE, or no certificate of our own)
    kPermissive,  // plaintext, or mutual TLS with `workload`
    kStrict,      // mutual TLS with `workload`, nothing else
    kTls,         // TLS; SNI chooses the server, which has the policy
  };

  std::string bind;        // IP literal; empty: every address
  std::uint16_t port = 0;  // 0: the process's own (--http-port), which serves everything
  Transport transport = Transport::kPlaintext;
  std::optional<ServerTlsPolicy> workload;  // with kPermissive and kStrict
  std::vector<GatewayServer> servers;       // empty for the process's own port: every host, Snapshot::route_table
  HostIndex server_by_host;                 // hosts of `servers` -> index: by SNI with kTls, else by Host

  // Null when no server has that name.
  const GatewayServer* FindServer(std::string_view host) const {
    const auto found = server_by_host.Find(host);
    return found ? &servers[*found] : nullptr;
  }
};

}  // namespace sluice::core

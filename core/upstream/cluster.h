// A Cluster is what Istio makes of one (service, port, subset): the unit of policy, limits, breakers, outlier state and
// balancing (istio-reference.md section 2.1). Immutable after compile; lives in a Snapshot; shared by all threads.
// Live numbers are elsewhere, in ClusterState, and survive a change of configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/strong_id.h"
#include "core/http/wire.h"
#include "core/identity/tls_policy.h"
#include "core/upstream/cluster_state.h"

namespace sluice::core {

using Labels = std::vector<std::pair<std::string, std::string>>;  // sorted by key

// One address that serves a model version.
struct Endpoint {
  std::string address;  // IP literal as text
  std::uint16_t port = 0;
  std::string host_port;     // "127.0.0.1:9145", "[::1]:80": the key of its state and the access log's upstream_host
  std::uint32_t weight = 1;  // >= 1
  Labels labels;

  // Ready-made label values of the Istio metrics (section 4.1); "unknown" where nothing is known.
  std::string workload;
  std::string workload_namespace;
  std::string app;
  std::string version;  // labels `version`, `model-version`, then the subset's name (design.md section 3)
  std::string canonical_service;
  std::string canonical_revision;  // default "latest"

  std::shared_ptr<EndpointState> state;  // set before the snapshot is published; never null afterwards
};

enum class LbPolicy : std::uint8_t { kLeastRequest, kRoundRobin, kRandom, kRingHash, kMaglev };

struct HashKey {
  enum class Source : std::uint8_t { kHeader, kCookie, kSourceIp, kQueryParameter };
  Source source = Source::kHeader;
  std::string name;                    // lower case for headers
  std::string cookie_path;             // kCookie
  std::optional<Duration> cookie_ttl;  // absent: never generated; 0: session cookie (section 2.2)
};

struct LoadBalancerPolicy {
  LbPolicy policy = LbPolicy::kLeastRequest;
  std::optional<HashKey> hash;              // with kRingHash and kMaglev
  std::uint64_t minimum_ring_size = 1024;   // at most 8 Mi entries
  std::uint64_t maglev_table_size = 65537;  // prime
  Duration warmup{0};                       // 0: off
  double warmup_minimum_percent = 10;
  double warmup_aggression = 1.0;
};

// Limits; 0 in the YAML means unset and is compiled to kUnlimited.
struct ConnectionPoolPolicy {
  static constexpr std::uint32_t kUnlimited = UINT32_MAX;

  std::uint32_t max_connections = kUnlimited;       // requests queue beyond
  std::uint32_t max_pending_requests = kUnlimited;  // http1MaxPendingRequests: UO beyond
  std::uint32_t max_requests = kUnlimited;          // http2MaxRequests: UO beyond
  std::uint32_t max_retries = kUnlimited;
  std::uint32_t max_requests_per_connection = kUnlimited;
  std::uint32_t max_concurrent_streams = kUnlimited;
  Duration connect_timeout = Seconds(10);
  Duration idle_timeout = Seconds(3600);  // 0: never
  Duration max_connection_duration{0};    // 0: unbounded
  struct Keepalive {
    std::uint32_t probes = 9;
    Duration time = Seconds(7200);
    Duration interval = Seconds(75);
  };
  std::optional<Keepalive> tcp_keepalive;
  struct Ping {
    Duration interval{0};  // of silence; 0: off
    Duration timeout{0};
  } ping;                // http2KeepAlive
  bool upgrade = false;  // h2UpgradePolicy UPGRADE: upstream speaks HTTP/2 when it can
  bool use_client_protocol = false;
};

struct RetryBudgetPolicy {
  double percent = 20;
  std::uint32_t min_concurrency = 3;
};

// Section 2.4; design.md section 3 for the hold.
struct OutlierPolicy {
  std::uint32_t consecutive_5xx = 5;             // 0: off
  std::uint32_t consecutive_gateway_errors = 0;  // 0: off
  std::uint32_t consecutive_local_failures = 5;  // only with split_local_origin
  bool split_local_origin = false;
  Duration interval = Seconds(10);
  Duration base_ejection_time = Seconds(30);
  std::uint32_t max_ejection_percent = 10;
  std::uint32_t min_health_percent = 0;    // panic threshold
  std::vector<std::uint16_t> error_codes;  // not empty: only these count as errors
  enum class Backoff : std::uint8_t { kExponential, kLinear };
  Backoff backoff = Backoff::kExponential;  // doubling, capped at 10 min; kLinear is Istio's rule, cap 300 s
};

enum class PortProtocol : std::uint8_t { kHttp, kHttp2, kGrpc, kHttps, kTcp, kTls };

// Look-up tables of the consistent-hash policies, built at compile time of the snapshot by core/upstream.
struct HashTables;

struct Cluster {
  ClusterId id;
  std::string name;               // "outbound|8000|v45|content-ranking-svc.ml-serving.svc.cluster.local"
  std::string service_host;       // FQDN
  std::string service_name;       // short name, or the first DNS label
  std::string service_namespace;  // "unknown" for a host without one
  std::string subset;             // empty: the whole service
  std::uint16_t port = 0;         // service port
  PortProtocol protocol = PortProtocol::kHttp;

  LoadBalancerPolicy load_balancer;
  ConnectionPoolPolicy pool;
  std::optional<OutlierPolicy> outlier;
  std::optional<RetryBudgetPolicy> retry_budget;  // replaces pool.max_retries
  std::optional<ClientTlsPolicy> tls;             // absent: plaintext

  std::vector<Endpoint> endpoints;                // may be empty: 503 UH
  std::shared_ptr<const HashTables> hash_tables;  // with kRingHash and kMaglev
  bool equal_weights = true;

  std::shared_ptr<ClusterState> state;  // set before the snapshot is published; never null afterwards
};

// How the endpoints of `cluster` are spoken to on behalf of a client that speaks `client` (section 2.3).
constexpr Wire WireTowards(const Cluster& cluster, Wire client) {
  if (cluster.pool.use_client_protocol) return client;
  const bool port = cluster.protocol == PortProtocol::kHttp2 || cluster.protocol == PortProtocol::kGrpc;
  return port || cluster.pool.upgrade ? Wire::kHttp2 : Wire::kHttp1;
}

}  // namespace sluice::core

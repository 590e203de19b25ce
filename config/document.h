// The accepted kinds as plain structs: what the parsers found, with the places that later findings point at. Parts that
// need no name resolution are core's own types already. Built by one load, then const and shared; any thread reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/canary/canary_spec.h"
#include "core/experiment/experiment.h"
#include "core/identity/authorization.h"
#include "core/identity/tls_policy.h"
#include "core/resilience/retry_policy.h"
#include "core/route/route.h"
#include "core/snapshot/settings.h"
#include "core/upstream/cluster.h"

#include "config/diagnostics.h"

namespace sluice::config {

struct Metadata {
  std::string kind;
  std::string name_space;
  std::string name;
  std::string file;
  Mark mark;  // of metadata.name

  std::string Id() const { return name_space + "/" + name; }
};

// A host as written and as it is looked up.
struct HostRef {
  std::string given;
  std::string fqdn;  // lower case, short names expanded by the namespace of the rule
  Mark mark;
};

// --- VirtualService ------------------------------------------------------------------------------------------------

struct DestinationRef {
  HostRef host;
  std::string subset;
  Mark subset_mark;
  std::optional<std::uint16_t> port;
  Mark port_mark;
};

struct RouteDestination {
  DestinationRef to;
  std::uint32_t weight = 0;
  core::HeaderOpsPair headers;
};

struct MirrorTarget {
  DestinationRef to;
  std::uint32_t per_million = 1'000'000;
};

// One item of match[], with the conditions that are decided when the snapshot is compiled.
struct MatchItem {
  core::RouteMatch match;
  std::vector<std::string> gateways;  // empty: the rule's; "mesh" or "namespace/name"
  core::Labels source_labels;         // of this gateway
  std::string source_namespace;       // empty: any
  Mark mark;
};

struct RetrySpec {
  core::RetryPolicy policy;
  bool avoid_previous_given = false;
  Mark mark;
  std::string tokens;  // as written, for the validator
};

struct HttpRule {
  std::string name;
  Mark mark;
  std::vector<MatchItem> matches;  // empty: matches everything
  std::variant<std::vector<RouteDestination>, core::Redirect, core::DirectResponse> action;
  std::vector<MirrorTarget> mirrors;
  core::Rewrite rewrite;
  std::optional<core::Duration> timeout;
  Mark timeout_mark;
  std::optional<RetrySpec> retries;
  std::optional<core::Fault> fault;
  std::optional<core::CorsPolicy> cors;
  core::HeaderOpsPair headers;
};

struct VirtualService {
  Metadata meta;
  std::vector<HostRef> hosts;
  std::vector<HostRef> gateways;  // empty: this gateway ("mesh"); `fqdn` is "mesh" or "namespace/name"
  std::optional<core::Sticky> sticky;
  std::vector<HttpRule> http;
};

// --- DestinationRule -----------------------------------------------------------------------------------------------

struct PortPolicy;

// trafficPolicy.tls, as written: names of files are paths already, names of credentials are not (section 2.5).
struct UpstreamTls {
  enum class Mode : std::uint8_t { kDisable, kSimple, kMutual, kIstioMutual };
  Mode mode = Mode::kDisable;
  core::TlsKeyPair certificate;
  std::string ca;
  std::string crl;
  std::string credential;  // empty: none
  std::vector<std::string> subject_alt_names;
  std::string sni;
  bool skip_verify = false;
  Place place;
};

// Blocks are inherited and replaced whole (istio-reference.md section 2.1).
struct TrafficPolicy {
  std::optional<core::LoadBalancerPolicy> load_balancer;
  std::optional<core::ConnectionPoolPolicy> pool;
  std::optional<core::OutlierPolicy> outlier;
  std::optional<core::RetryBudgetPolicy> retry_budget;
  std::optional<UpstreamTls> tls;
  std::vector<PortPolicy> ports;
  // As written, for the note on what a subset loses: "connectionPool", "tcp.maxConnections".
  std::vector<std::pair<std::string, std::string>> fields;
  Mark mark;
  Mark balancer_mark;
  Mark pool_mark;
  Mark outlier_mark;
};

struct PortPolicy {
  std::uint16_t number = 0;
  TrafficPolicy policy;  // without ports
};

struct Subset {
  std::string name;
  core::Labels labels;
  std::optional<TrafficPolicy> policy;
  Mark mark;
};

struct DestinationRule {
  Metadata meta;
  HostRef host;
  std::optional<TrafficPolicy> policy;
  std::vector<Subset> subsets;
};

// --- ServiceEntry --------------------------------------------------------------------------------------------------

struct ServicePort {
  std::uint16_t number = 0;
  std::string name;
  core::PortProtocol protocol = core::PortProtocol::kHttp;
  std::uint16_t target = 0;  // equal to number when not given
  Mark mark;
};

struct WorkloadEndpoint {
  std::string address;  // IP literal, or a name to resolve
  bool is_name = false;
  std::vector<std::pair<std::string, std::uint16_t>> ports;  // by port name
  core::Labels labels;
  std::uint32_t weight = 1;
  std::string service_account;  // empty: not said
  Mark mark;
};

struct ServiceEntry {
  Metadata meta;
  std::vector<HostRef> hosts;
  std::vector<ServicePort> ports;
  bool dns = false;
  std::vector<WorkloadEndpoint> endpoints;  // for DNS without endpoints: one per host
  std::vector<std::string> subject_alt_names;
};

// --- Gateway -------------------------------------------------------------------------------------------------------

// servers[].hosts[], as "[namespace/]host".
struct GatewayHost {
  std::string name_space;  // of the rules that may hold for the host; empty: any
  std::string host;        // lower case: exact, "*.suffix" or "*"
  Mark mark;
};

// servers[].tls of a server that terminates TLS.
struct ServerTls {
  core::ServerTlsPolicy policy;          // with the files that are named as such; those of credentials come later
  std::vector<std::string> credentials;  // credentialName or credentialNames
  bool workload = false;                 // ISTIO_MUTUAL: the workload's own certificate
  Mark mark;
};

struct GatewayServerSpec {
  std::string name;  // of the port
  std::uint16_t port = 0;
  std::string bind;  // IP literal; empty: every address
  std::vector<GatewayHost> hosts;
  std::optional<ServerTls> tls;  // absent: plaintext
  bool https_redirect = false;
  Mark mark;
};

struct Gateway {
  Metadata meta;
  core::Labels selector;  // of the workload that is meant
  Mark selector_mark;
  std::vector<GatewayServerSpec> servers;
};

// --- PeerAuthentication --------------------------------------------------------------------------------------------

enum class MtlsMode : std::uint8_t { kUnset, kDisable, kPermissive, kStrict };

struct PortMtls {
  std::uint16_t port = 0;
  MtlsMode mode = MtlsMode::kUnset;
  Mark mark;
};

struct PeerAuthentication {
  Metadata meta;
  core::Labels selector;  // empty: every workload of the namespace
  MtlsMode mode = MtlsMode::kUnset;
  Mark mode_mark;
  std::vector<PortMtls> ports;
};

// --- AuthorizationPolicy -------------------------------------------------------------------------------------------

struct AuthorizationSpec {
  enum class Action : std::uint8_t { kAllow, kDeny, kAudit };
  Metadata meta;
  core::Labels selector;  // empty: every workload of the namespace
  Action action = Action::kAllow;
  core::AuthorizationPolicy policy;
};

// --- sluice.dev ----------------------------------------------------------------------------------------------------

struct ExperimentSpec {
  Metadata meta;
  HostRef host;
  core::Experiment experiment;     // id, host, matches and override_index are set when the snapshot is compiled
  std::vector<MatchItem> matches;  // spec.match; empty: every request
  Mark layer_mark;
  Mark unit_mark;
  std::vector<Mark> arm_marks;  // by arm
  std::vector<Mark> route_marks;
};

struct CanaryDocument {
  Metadata meta;
  HostRef virtual_service;  // `fqdn` is "namespace/name"
  std::string route;        // http[].name, or its index
  Mark route_mark;
  std::string champion;  // subsets
  Mark champion_mark;
  std::string challenger;
  Mark challenger_mark;
  core::CanarySpec spec;
};

// The names under which a canary's versions are measured (core::Snapshot::meters).
std::string ChampionMeter(const Metadata& canary);
std::string ChallengerMeter(const Metadata& canary);

struct Documents {
  std::vector<VirtualService> virtual_services;  // all lists in file and document order
  std::vector<DestinationRule> destination_rules;
  std::vector<ServiceEntry> service_entries;
  std::vector<Gateway> gateways;
  std::vector<PeerAuthentication> peer_authentications;
  std::vector<AuthorizationSpec> authorization_policies;
  std::vector<ExperimentSpec> experiments;
  std::vector<CanaryDocument> canaries;
  core::Settings settings;
  Place settings_place;        // of GatewaySettings.identity, when there is one
  std::uint16_t own_port = 0;  // of --http-port, for portLevelMtls; 0: not known
  std::string default_namespace = "default";
  std::string revision;
};

}  // namespace sluice::config

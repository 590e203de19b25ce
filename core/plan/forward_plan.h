// The pure decision for a request: answer it here, or forward it (where, how, with what limits).
// gateway/proxy carries it out; `sluice explain` and `sluice test` call the same function.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "core/base/random.h"
#include "core/experiment/assignment.h"
#include "core/experiment/bucket_hasher.h"
#include "core/http/head.h"
#include "core/identity/peer_identity.h"
#include "core/route/mirror_rule.h"
#include "core/snapshot/snapshot.h"

namespace sluice::core {

// Where a request has come in.
enum class Entry : std::uint8_t {
  kOwnPort,      // the process's own port: every rule holds
  kServer,       // a Gateway's server
  kNoServer,     // a Gateway's port, of which no server has that Host
  kOtherServer,  // the Host belongs to another server than the handshake was made for
};

struct PlanInput {
  std::string_view path;   // normalised, without query
  std::string_view query;  // without '?'
  std::uint16_t listener_port = 0;
  std::string_view client_address;  // trusted client address, text
  std::string_view request_id;
  Entry entry = Entry::kOwnPort;
  const GatewayServer* server = nullptr;  // with kServer
  const PeerIdentity* peer = nullptr;     // the client, as a verified handshake told; null: unknown
  std::string_view peer_address{};        // of the socket, without port
  std::string_view local_address{};       // the same of ours
  std::string_view sni{};                 // lower case; empty: none
  std::optional<std::uint64_t> draw{};    // behind split and mirrors; absent, as for every real request: random
};

// An answer by the gateway itself.
struct AnswerPlan {
  enum class Kind : std::uint8_t {
    kNoRoute,
    kNoCluster,
    kRedirect,
    kDirectResponse,
    kCorsPreflight,
    kFaultAbort,
    kDenied,         // 403: an AuthorizationPolicy says no; its name is in `details` only
    kMisdirected,    // 421: a Host of another server than the handshake was made for
    kHttpsRedirect,  // the server's httpsRedirect
    kUriTooLong,     // a regex rewrite grew the path beyond kRewrittenPathMax: 414
  };
  Kind kind = Kind::kNoRoute;
  std::uint16_t status = 404;
  std::uint32_t grpc_status = 0;  // kFaultAbort with a gRPC status
  bool has_grpc_status = false;
  std::string_view location;  // kRedirect; in the arena
  std::string_view body;      // kDirectResponse; borrowed from the snapshot
  std::string_view flag;      // "NR", "NC", "FI" or ""
  std::string_view details;   // "route_not_found", ...
};

struct ForwardPlan {
  ClusterId cluster;
  const WeightedDestination* destination = nullptr;
  SelectedMirrors mirrors{};  // those that the draw selected
  std::uint32_t mirror_count = 0;
  std::string_view path;           // to send upstream, query included
  std::string_view authority;      // to send upstream
  std::string_view original_path;  // set when a rewrite changed it: x-envoy-original-path
  std::string_view original_host;
  Duration timeout{0};         // the route's, from the moment the whole request is here; 0: none
  Duration client_timeout{0};  // grpc-timeout of a gRPC request, from its head; 0: none
  const RetryPolicy* retry = nullptr;
  std::uint64_t hash = 0;  // for consistent hashing
  bool has_hash = false;
  std::string_view set_cookie;  // a generated affinity cookie for the response; in the arena
};

struct Plan {
  const VirtualHost* host = nullptr;
  const Route* route = nullptr;
  const RouteMatch* match = nullptr;
  const Experiment* experiment = nullptr;  // whose arm or bucket applied
  const ExperimentArm* arm = nullptr;
  std::uint32_t bucket = 0;
  Assignments assignments{};            // all of them; in the arena
  const Assignment* applied = nullptr;  // whose arm has chosen the subset; null: the rule has
  std::uint64_t draw = 0;               // the random number behind split and mirrors
  Duration fault_delay{0};              // before anything else is done; flag DI
  const CorsPolicy* cors = nullptr;     // headers to add to the response
  std::variant<AnswerPlan, ForwardPlan> action;

  bool dry_run_denied = false;  // an AuthorizationPolicy that is only tried out would have said no

  bool forwards() const { return std::holds_alternative<ForwardPlan>(action); }
};

// Order: server -> authorization -> host -> experiments (set x-ab-bucket, x-ab-experiment, x-ab-arm on `request`) -> first matching rule -> fault,
// cors -> destination (split, sticky, arm) -> mirrors -> rewrite -> limits. `request` must already be sanitised.
// Everything made lies in `arena`; `snapshot` must outlive the plan. No allocation outside the arena on the warm path.
// `hasher` belongs to the calling worker.
Plan MakePlan(const Snapshot& snapshot, Head& request, const PlanInput& input, BucketHasher& hasher, Random& random,
              Arena& arena);

// The arm as logs and rules know it: empty: none; `holdout` for who is held out.
std::string_view ArmName(const Plan& plan);

// The user that a sticky rule keeps on one destination, as this request names him; absent or empty: the draw decides.
std::optional<std::string_view> StickyUser(const Sticky& sticky, const Head& request, std::string_view query);

// Header operations of the route and of the chosen destination, in Istio's order (section 1.6), plus
// x-envoy-original-path and x-envoy-original-host after a rewrite. `request` is the head that goes upstream (or is
// mirrored); its authority and path are left alone: send those of the ForwardPlan.
void ApplyRequestHeaders(const Plan& plan, Head& request, const PlanInput& input, Arena& arena);

// Once per exchange, on its final response: the header operations (relayed, redirect and direct responses), the
// affinity cookie, the fields of the rule's corsPolicy (preflights too). `request` is what the client asked (Origin,
// %REQ(...)%).
void ApplyResponseHeaders(const Plan& plan, const Head& request, Head& response, const PlanInput& input, Arena& arena);

}  // namespace sluice::core

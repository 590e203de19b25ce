// Who may call what: AuthorizationPolicies as config compiled them, and the verdict on a request (istio-reference.md
// section 3.4). Immutable data and a pure function; any thread; the only memory taken is the arena's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.h"
#include "core/http/cidr.h"
#include "core/http/head.h"
#include "core/http/header_name.h"
#include "core/identity/peer_identity.h"
#include "core/identity/value_pattern.h"

namespace sluice::core {

// What of a request a condition looks at.
enum class AuthorizationAttribute : std::uint8_t {
  kPrincipal,       // of the client's certificate, without spiffe://
  kNamespace,       // of its workload
  kServiceAccount,  // "namespace/account"
  kTrustDomain,
  kSourceIp,  // of the socket
  kRemoteIp,  // the trusted client address
  kHost,      // :authority with its port, lower case
  kMethod,
  kPath,  // normalised, without query
  kHeader,
  kDestinationIp,
  kDestinationPort,
  kServerName,  // SNI
};

// Holds when one of `values` (or of `blocks`) matches, or there are none, and none of `not_values` (`not_blocks`) does.
// What a request lacks, such as the principal of a client without certificate, matches nothing.
struct AuthorizationCondition {
  AuthorizationAttribute attribute = AuthorizationAttribute::kPrincipal;
  std::string header;  // with kHeader, lower case
  HeaderName header_code = HeaderName::kOther;
  std::vector<ValuePattern> values;
  std::vector<ValuePattern> not_values;
  std::vector<Cidr> blocks;  // of the attributes that are addresses
  std::vector<Cidr> not_blocks;
};

using AuthorizationConditions = std::vector<AuthorizationCondition>;  // all must hold

struct AuthorizationRule {
  std::vector<AuthorizationConditions> from;  // one must hold; empty: anybody
  std::vector<AuthorizationConditions> to;    // one must hold; empty: anything
  AuthorizationConditions when;
  std::string details;  // of a refusal: "rbac_access_denied_matched_policy[ns[..]-policy[..]-rule[..]]"
};

struct AuthorizationPolicy {
  std::string name_space;
  std::string name;
  bool dry_run = false;  // counted, without effect
  std::vector<AuthorizationRule> rules;
};

struct Authorization {
  std::vector<AuthorizationPolicy> deny;
  std::vector<AuthorizationPolicy> allow;

  bool empty() const { return deny.empty() && allow.empty(); }
};

struct AuthorizationInput {
  const Head& head;
  std::string_view path;            // normalised, without query
  const PeerIdentity* peer;         // null: nobody has shown who he is
  std::string_view peer_address;    // of the socket
  std::string_view client_address;  // trusted
  std::string_view local_address;
  std::uint16_t local_port;
  std::string_view server_name;  // SNI, lower case
};

struct AuthorizationVerdict {
  bool allowed = true;
  bool dry_run_denied = false;  // what is only tried out would have refused it
  std::string_view details;     // of a refusal; of the policies
};

// DENY before ALLOW; without any ALLOW policy everything that is not denied is allowed. Of a header that comes several
// times, and of a Host with its port, the reading counts that refuses more: whatever the model behind takes for its
// value has been judged.
AuthorizationVerdict Authorize(const Authorization& policies, const AuthorizationInput& input, Arena& scratch);

}  // namespace sluice::core

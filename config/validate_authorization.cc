// AuthorizationPolicies that hold nowhere, and what they ask of a port that cannot know it (section 6.2).
#include "config/validate.h"

#include "config/compile.h"
#include "config/format.h"

#include <algorithm>

namespace sluice::config {
namespace {

using Attribute = core::AuthorizationAttribute;

bool AsksForIdentity(const core::AuthorizationConditions& all) {
  return std::ranges::any_of(all, [](const core::AuthorizationCondition& condition) {
    switch (condition.attribute) {
      case Attribute::kPrincipal:
      case Attribute::kNamespace:
      case Attribute::kServiceAccount:
      case Attribute::kTrustDomain: return true;
      default: return false;
    }
  });
}

bool AsksForIdentity(const core::AuthorizationPolicy& policy) {
  return std::ranges::any_of(policy.rules, [](const core::AuthorizationRule& rule) {
    return AsksForIdentity(rule.when) || std::ranges::any_of(rule.from, [](const core::AuthorizationConditions& all) {
             return AsksForIdentity(all);
           });
  });
}

// Somewhere a client can show a certificate.
bool KnowsClients(const Documents& documents) {
  if (!documents.settings.identity.certificate_directory.empty()) return true;
  return std::ranges::any_of(documents.gateways, [](const Gateway& gateway) {
    return std::ranges::any_of(gateway.servers, [](const GatewayServerSpec& server) {
      return server.tls &&
             (server.tls->workload || server.tls->policy.client != core::ServerTlsPolicy::ClientCertificate::kNone);
    });
  });
}

}  // namespace

void ValidateAuthorization(const Documents& documents, Findings& findings) {
  const core::Settings::Identity& identity = documents.settings.identity;
  for (const AuthorizationSpec& policy : documents.authorization_policies) {
    const Place place{policy.meta.file, policy.meta.mark};
    if (!HoldsHere(policy, identity)) {
      findings.Warn("SL2032", place,
                    Format("the AuthorizationPolicy {} does not hold here: this gateway is in the namespace {}{}",
                           policy.meta.Id(), identity.name_space,
                           policy.selector.empty() ? "" : " and its labels are not those that are selected"),
                    "compare with GatewaySettings.identity");
    } else if (AsksForIdentity(policy.policy) && !KnowsClients(documents)) {
      findings.Warn(
          "SL2034", place,
          Format("the AuthorizationPolicy {} asks who the client is, which no port can know without mutual TLS",
                 policy.meta.Id()),
          "set certificateDirectory in GatewaySettings.identity, or a Gateway's tls.mode MUTUAL");
    }
  }
}

}  // namespace sluice::config

// AuthorizationPolicies that hold here -> core::Authorization (istio-reference.md section 3.4).
#include "config/compile.h"

#include "config/hostname.h"
#include "config/service_catalog.h"

namespace sluice::config {

bool HoldsHere(const AuthorizationSpec& policy, const core::Settings::Identity& identity) {
  const bool near = policy.meta.name_space == identity.name_space || policy.meta.name_space == kRootNamespace;
  return near && HasLabels(identity.labels, policy.selector);
}

void CompileAuthorization(const Documents& documents, core::Snapshot& snapshot) {
  for (const AuthorizationSpec& spec : documents.authorization_policies) {
    if (!HoldsHere(spec, documents.settings.identity)) continue;
    if (spec.action == AuthorizationSpec::Action::kDeny) snapshot.authorization.deny.push_back(spec.policy);
    if (spec.action == AuthorizationSpec::Action::kAllow) snapshot.authorization.allow.push_back(spec.policy);
  }
}

}  // namespace sluice::config

// AuthorizationPolicies that hold here -> core::Authorization (istio-reference.md section 3.4).
#include "config/compile.h"

#include "config/hostname.h"
#include "config/service_catalog.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

constexpr std::string_view kAnyTrustDomain = "cluster.local";

// In principals `cluster.local` stands for the trust domain, whatever it is called, so that policies can be shared.
void UseTrustDomain(const std::string& trust_domain, std::vector<core::ValuePattern>& patterns) {
  const std::string prefix = std::string(kAnyTrustDomain) + "/";
  for (core::ValuePattern& pattern : patterns) {
    if (!pattern.text().starts_with(prefix) || pattern.kind() == core::ValuePattern::Kind::kSuffix) continue;
    const bool open = pattern.kind() == core::ValuePattern::Kind::kPrefix;
    const std::string text = trust_domain + pattern.text().substr(kAnyTrustDomain.size()) + (open ? "*" : "");
    if (auto renamed = core::ValuePattern::Parse(text)) pattern = std::move(*renamed);
  }
}

void UseTrustDomain(const std::string& trust_domain, core::AuthorizationConditions& conditions) {
  for (core::AuthorizationCondition& condition : conditions) {
    if (condition.attribute != core::AuthorizationAttribute::kPrincipal) continue;
    UseTrustDomain(trust_domain, condition.values);
    UseTrustDomain(trust_domain, condition.not_values);
  }
}

core::AuthorizationPolicy Compiled(const core::AuthorizationPolicy& written, const std::string& trust_domain) {
  core::AuthorizationPolicy policy = written;
  if (trust_domain == kAnyTrustDomain) return policy;
  for (core::AuthorizationRule& rule : policy.rules) {
    for (core::AuthorizationConditions& source : rule.from) UseTrustDomain(trust_domain, source);
    UseTrustDomain(trust_domain, rule.when);
  }
  return policy;
}

}  // namespace

bool HoldsHere(const AuthorizationSpec& policy, const core::Settings::Identity& identity) {
  const bool near = policy.meta.name_space == identity.name_space || policy.meta.name_space == kRootNamespace;
  return near && HasLabels(identity.labels, policy.selector);
}

void CompileAuthorization(const Documents& documents, core::Snapshot& snapshot) {
  for (const AuthorizationSpec& spec : documents.authorization_policies) {
    if (!HoldsHere(spec, documents.settings.identity)) continue;
    core::AuthorizationPolicy policy = Compiled(spec.policy, documents.settings.identity.trust_domain);
    if (spec.action == AuthorizationSpec::Action::kDeny) snapshot.authorization.deny.push_back(std::move(policy));
    if (spec.action == AuthorizationSpec::Action::kAllow) snapshot.authorization.allow.push_back(std::move(policy));
  }
}

}  // namespace sluice::config

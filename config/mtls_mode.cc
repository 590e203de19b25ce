#include "config/mtls_mode.h"

#include "config/hostname.h"
#include "config/service_catalog.h"

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

enum class Reach : std::uint8_t { kWorkload, kNamespace, kEverywhere };

Reach ReachOf(const PeerAuthentication& policy, const core::Settings::Identity& identity) {
  if (!policy.selector.empty()) return Reach::kWorkload;
  return policy.meta.name_space == identity.name_space ? Reach::kNamespace : Reach::kEverywhere;
}

// The first that speaks for us at that reach.
const PeerAuthentication* FirstOf(const Documents& documents, Reach reach) {
  const core::Settings::Identity& identity = documents.settings.identity;
  for (const PeerAuthentication& policy : documents.peer_authentications) {
    if (SpeaksForUs(policy, identity) && ReachOf(policy, identity) == reach) return &policy;
  }
  return nullptr;
}

}  // namespace

bool SpeaksForUs(const PeerAuthentication& policy, const core::Settings::Identity& identity) {
  if (policy.meta.name_space == identity.name_space) return HasLabels(identity.labels, policy.selector);
  return policy.meta.name_space == kRootNamespace && policy.selector.empty();
}

MtlsDecision MtlsModeOf(const Documents& documents, std::uint16_t port) {
  for (const Reach reach : std::array{Reach::kWorkload, Reach::kNamespace, Reach::kEverywhere}) {
    const PeerAuthentication* policy = FirstOf(documents, reach);
    if (policy == nullptr) continue;
    const auto own = std::ranges::find(policy->ports, port, &PortMtls::port);
    if (own != policy->ports.end() && own->mode != MtlsMode::kUnset) return {own->mode, policy, own->mark};
    if (policy->mode != MtlsMode::kUnset) return {policy->mode, policy, policy->mode_mark};
  }
  return {};
}

}  // namespace sluice::config

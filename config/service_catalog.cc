#include "config/service_catalog.h"

#include "config/hostname.h"

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

// The blocks of `policy` for a port: its port entry replaces all of them, omitted ones fall to the defaults.
EffectivePolicy BlocksOf(const TrafficPolicy& policy, std::uint16_t port, bool& whole) {
  const auto entry = std::ranges::find(policy.ports, port, &PortPolicy::number);
  whole = entry != policy.ports.end();
  const TrafficPolicy& blocks = whole ? entry->policy : policy;
  EffectivePolicy effective;
  if (blocks.load_balancer.has_value()) effective.load_balancer = &*blocks.load_balancer;
  if (blocks.pool.has_value()) effective.pool = &*blocks.pool;
  if (blocks.outlier.has_value()) effective.outlier = &*blocks.outlier;
  if (blocks.tls.has_value()) effective.tls = &*blocks.tls;
  // No port entry can hold a retry budget, so the policy's own stays.
  if (policy.retry_budget.has_value()) effective.retry_budget = &*policy.retry_budget;
  return effective;
}

}  // namespace

const Subset* MergedRule::FindSubset(std::string_view name) const {
  const auto found = std::ranges::find(subsets, name, &Subset::name);
  return found == subsets.end() ? nullptr : *found;
}

std::uint16_t ServiceEndpoint::PortFor(std::uint16_t service_port) const {
  const auto port = std::ranges::find(entry->ports, service_port, &ServicePort::number);
  if (port == entry->ports.end()) return 0;
  const auto own = std::ranges::find(endpoint->ports, port->name, &std::pair<std::string, std::uint16_t>::first);
  return own == endpoint->ports.end() ? port->target : own->second;
}

const ServicePort* Service::FindPort(std::uint16_t number) const {
  const auto found = std::ranges::find(ports, number, &ServicePort::number);
  return found == ports.end() ? nullptr : *found;
}

EffectivePolicy PolicyFor(const Service& service, std::uint16_t port, const Subset* subset) {
  EffectivePolicy effective;
  bool whole = false;
  if (service.rule == nullptr) return effective;
  if (service.rule->policy != nullptr) effective = BlocksOf(*service.rule->policy, port, whole);
  if (subset == nullptr || !subset->policy.has_value()) return effective;
  EffectivePolicy own = BlocksOf(*subset->policy, port, whole);
  if (own.retry_budget == nullptr) own.retry_budget = effective.retry_budget;
  if (whole) return own;
  if (own.load_balancer == nullptr) own.load_balancer = effective.load_balancer;
  if (own.pool == nullptr) own.pool = effective.pool;
  if (own.outlier == nullptr) own.outlier = effective.outlier;
  if (own.tls == nullptr) own.tls = effective.tls;
  return own;
}

bool HasLabels(const core::Labels& labels, const core::Labels& wanted) {
  return std::ranges::includes(labels, wanted);  // both sorted
}

ServiceCatalog::ServiceCatalog(const Documents& documents) : own_namespace_(documents.settings.identity.name_space) {
  for (const ServiceEntry& entry : documents.service_entries) {
    for (const HostRef& host : entry.hosts) AddService(entry, host);
  }
  for (const DestinationRule& rule : documents.destination_rules) MergeRule(rule);
  for (Service& service : services_) service.rule = FindRule(service.host, service.name_space);
}

void ServiceCatalog::AddService(const ServiceEntry& entry, const HostRef& host) {
  const auto [at, added] = by_host_.try_emplace(host.fqdn, services_.size());
  if (added) services_.push_back({host.fqdn, entry.meta.name_space, &entry, {}, {}, nullptr});
  Service& service = services_[at->second];
  for (const ServicePort& port : entry.ports) {
    if (service.FindPort(port.number) == nullptr) service.ports.push_back(&port);
  }
  for (const WorkloadEndpoint& endpoint : entry.endpoints) service.endpoints.push_back({&entry, &endpoint});
}

void ServiceCatalog::MergeRule(const DestinationRule& rule) {
  MergedRule& merged = rules_[rule.meta.name_space][rule.host.fqdn];
  if (merged.first == nullptr) merged.first = &rule;
  if (merged.policy == nullptr && rule.policy.has_value()) merged.policy = &*rule.policy;
  for (const Subset& subset : rule.subsets) {
    if (merged.FindSubset(subset.name) == nullptr) merged.subsets.push_back(&subset);
  }
}

const Service* ServiceCatalog::Find(std::string_view fqdn) const {
  const auto found = by_host_.find(fqdn);
  return found == by_host_.end() ? nullptr : &services_[found->second];
}

const MergedRule* ServiceCatalog::FindRule(std::string_view fqdn, const std::string& service_namespace) const {
  for (const std::string_view name_space :
       std::array<std::string_view, 3>{own_namespace_, service_namespace, kRootNamespace}) {
    const auto rules = rules_.find(name_space);
    if (rules == rules_.end()) continue;
    if (const auto exact = rules->second.find(fqdn); exact != rules->second.end()) return &exact->second;
    const MergedRule* widest = nullptr;
    std::size_t length = 0;
    // Wildcards sort first: '*' stands before letters and digits.
    for (const auto& [host, rule] : rules->second) {
      if (!host.starts_with('*')) break;
      if (host.size() < length || !HostCovers(host, fqdn)) continue;
      widest = &rule;
      length = host.size();
    }
    if (widest != nullptr) return widest;
  }
  return nullptr;
}

}  // namespace sluice::config

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

void MergedRule::AddSubset(const Subset& subset) {
  if (by_name_.try_emplace(subset.name, &subset).second) subsets.push_back(&subset);
}

const Subset* MergedRule::FindSubset(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
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

void Service::IndexLabels() {
  labels_.clear();
  for (std::uint32_t i = 0; i < endpoints.size(); ++i) {
    for (const Label& label : endpoints[i].endpoint->labels) labels_.emplace_back(&label, i);
  }
  std::ranges::sort(labels_, [](const auto& a, const auto& b) {
    if (const auto order = *a.first <=> *b.first; order != 0) return order < 0;
    return a.second < b.second;
  });
}

std::vector<const ServiceEndpoint*> Service::EndpointsOf(const Subset* subset) const {
  std::vector<const ServiceEndpoint*> found;
  if (subset == nullptr || subset->labels.empty()) {
    found.reserve(endpoints.size());
    for (const ServiceEndpoint& endpoint : endpoints) found.push_back(&endpoint);
    return found;
  }
  const auto text = [](const auto& entry) -> const Label& { return *entry.first; };
  auto rarest = std::ranges::equal_range(labels_, subset->labels.front(), {}, text);
  for (const Label& label : subset->labels) {
    const auto with = std::ranges::equal_range(labels_, label, {}, text);
    if (with.size() < rarest.size()) rarest = with;
  }
  for (const auto& [label, index] : rarest) {
    if (HasLabels(endpoints[index].endpoint->labels, subset->labels)) found.push_back(&endpoints[index]);
  }
  return found;
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
  for (Service& service : services_) {
    service.rule = FindRule(service.host, service.name_space);
    service.IndexLabels();
  }
}

void ServiceCatalog::AddService(const ServiceEntry& entry, const HostRef& host) {
  const auto [at, added] = by_host_.try_emplace(host.fqdn, services_.size());
  if (added) {
    Service& made = services_.emplace_back();
    made.host = host.fqdn;
    made.name_space = entry.meta.name_space;
    made.first = &entry;
  }
  Service& service = services_[at->second];
  for (const ServicePort& port : entry.ports) {
    if (service.FindPort(port.number) == nullptr) service.ports.push_back(&port);
  }
  for (const WorkloadEndpoint& endpoint : entry.endpoints) {
    service.endpoints.push_back({&entry, &endpoint});
    service.has_names = service.has_names || endpoint.is_name;
  }
}

void ServiceCatalog::MergeRule(const DestinationRule& rule) {
  MergedRule& merged = rules_[rule.meta.name_space][rule.host.fqdn];
  if (merged.first == nullptr) merged.first = &rule;
  if (merged.policy == nullptr && rule.policy.has_value()) merged.policy = &*rule.policy;
  for (const Subset& subset : rule.subsets) merged.AddSubset(subset);
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

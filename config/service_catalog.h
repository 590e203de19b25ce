// The services of a configuration: hosts of ServiceEntries with pooled endpoints, each with the DestinationRule that
// applies to it (istio-reference.md sections 2.1 and 3.1). Borrows from Documents, which must outlive it. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.h"

namespace sluice::config {

// DestinationRules of one host and namespace, merged: new subset names are appended, the first trafficPolicy stays.
struct MergedRule {
  const DestinationRule* first = nullptr;
  const TrafficPolicy* policy = nullptr;
  std::vector<const Subset*> subsets;  // in the order written; filled by AddSubset

  // One whose name is there already is left out.
  void AddSubset(const Subset& subset);
  const Subset* FindSubset(std::string_view name) const;

 private:
  std::map<std::string_view, const Subset*> by_name_;
};

struct ServiceEndpoint {
  const ServiceEntry* entry = nullptr;
  const WorkloadEndpoint* endpoint = nullptr;

  // What this endpoint listens on for the service port; 0 when its ServiceEntry has no such port.
  std::uint16_t PortFor(std::uint16_t service_port) const;
};

struct Service {
  std::string host;  // FQDN
  std::string name_space;
  const ServiceEntry* first = nullptr;
  std::vector<const ServicePort*> ports;  // in the order written
  std::vector<ServiceEndpoint> endpoints;
  bool has_names = false;            // of its endpoints one is a name that has to be resolved
  const MergedRule* rule = nullptr;  // null: none applies

  const ServicePort* FindPort(std::uint16_t number) const;
  // Of a subset, or all for null; in the order of `endpoints`. What it costs depends on how many have the rarest of the
  // labels, not on how many there are.
  std::vector<const ServiceEndpoint*> EndpointsOf(const Subset* subset) const;
  // Call when `endpoints` is complete and before EndpointsOf.
  void IndexLabels();

 private:
  using Label = core::Labels::value_type;
  std::vector<std::pair<const Label*, std::uint32_t>> labels_;  // of all endpoints with their index, sorted by content
};

// The blocks that hold for one (service, port, subset).
struct EffectivePolicy {
  const core::LoadBalancerPolicy* load_balancer = nullptr;
  const core::ConnectionPoolPolicy* pool = nullptr;
  const core::OutlierPolicy* outlier = nullptr;
  const core::RetryBudgetPolicy* retry_budget = nullptr;
  const UpstreamTls* tls = nullptr;
};
EffectivePolicy PolicyFor(const Service& service, std::uint16_t port, const Subset* subset);

bool HasLabels(const core::Labels& labels, const core::Labels& wanted);

class ServiceCatalog {
 public:
  explicit ServiceCatalog(const Documents& documents);
  ServiceCatalog(const ServiceCatalog&) = delete;
  ServiceCatalog& operator=(const ServiceCatalog&) = delete;

  const std::vector<Service>& services() const { return services_; }
  const Service* Find(std::string_view fqdn) const;
  // The rule of a host that has no service, so that its subsets can still be checked.
  const MergedRule* FindRule(std::string_view fqdn, const std::string& service_namespace) const;

 private:
  using NamespacedRules = std::map<std::string, MergedRule, std::less<>>;  // by host

  void AddService(const ServiceEntry& entry, const HostRef& host);
  void MergeRule(const DestinationRule& rule);

  std::vector<Service> services_;
  std::map<std::string, std::size_t, std::less<>> by_host_;
  std::map<std::string, NamespacedRules, std::less<>> rules_;
  std::string own_namespace_;
};

}  // namespace sluice::config

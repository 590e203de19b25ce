// Services, subsets and endpoints -> core::Cluster (istio-reference.md sections 2.1 and 4.1).
#include "config/compile.h"

#include "core/upstream/hash_tables.h"

#include "config/format.h"
#include "config/hostname.h"
#include "config/tls_policies.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::string_view kUnknown = "unknown";

// The first of the labels that is there, else `otherwise`.
std::string FirstLabel(const core::Labels& labels, std::initializer_list<std::string_view> names,
                       std::string_view otherwise) {
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(labels, name, &core::Labels::value_type::first);
    if (found != labels.end() && !found->second.empty()) return found->second;
  }
  return std::string(otherwise);
}

std::string VersionOf(const core::Labels& labels, const std::vector<std::string>& version_labels,
                      const std::string& subset) {
  for (const std::string& name : version_labels) {
    std::string version = FirstLabel(labels, {name}, "");
    if (!version.empty()) return version;
  }
  return subset.empty() ? std::string(kUnknown) : subset;
}

core::Endpoint MakeEndpoint(const ServiceEndpoint& from, const std::string& address, std::uint16_t port,
                            const std::string& subset, const core::Settings& settings) {
  const core::Labels& labels = from.endpoint->labels;
  core::Endpoint endpoint;
  endpoint.address = address;
  endpoint.port = port;
  endpoint.host_port = JoinHostPort(address, port);
  endpoint.weight = from.endpoint->weight;
  endpoint.labels = labels;
  endpoint.app = FirstLabel(labels, {"app"}, kUnknown);
  // Without pods to ask, the entry that lists the endpoint stands for its workload.
  endpoint.workload = FirstLabel(labels, {"service.istio.io/workload-name", "app"}, from.entry->meta.name);
  endpoint.workload_namespace = from.entry->meta.name_space;
  endpoint.version = VersionOf(labels, settings.telemetry.version_labels, subset);
  endpoint.canonical_service =
      FirstLabel(labels, {"service.istio.io/canonical-name", "app.kubernetes.io/name", "app"}, endpoint.workload);
  endpoint.canonical_revision =
      FirstLabel(labels, {"service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"}, "latest");
  return endpoint;
}

void AddEndpoints(const Service& service, const Subset* subset, const core::Settings& settings,
                  const ResolvedHosts& resolved, core::Cluster& cluster) {
  std::set<std::string> seen;  // two entries, or two names, may lead to one address
  for (const ServiceEndpoint* from : service.EndpointsOf(subset)) {
    const std::uint16_t port = from->PortFor(cluster.port);
    if (port == 0) continue;
    std::vector<std::string> addresses;
    if (!from->endpoint->is_name) {
      addresses.push_back(from->endpoint->address);
    } else if (const auto found = resolved.find(from->endpoint->address); found != resolved.end()) {
      addresses = found->second;
    }
    for (const std::string& address : addresses) {
      core::Endpoint endpoint = MakeEndpoint(*from, address, port, cluster.subset, settings);
      if (seen.insert(endpoint.host_port).second) cluster.endpoints.push_back(std::move(endpoint));
    }
  }
  const auto& all = cluster.endpoints;
  cluster.equal_weights =
      std::ranges::all_of(all, [&](const core::Endpoint& endpoint) { return endpoint.weight == all.front().weight; });
}

core::Cluster MakeCluster(const Service& service, const ServicePort& port, const Subset* subset,
                          const Documents& documents, const ResolvedHosts& resolved) {
  core::Cluster cluster;
  cluster.subset = subset == nullptr ? "" : subset->name;
  cluster.name = Format("outbound|{}|{}|{}", port.number, cluster.subset, service.host);
  cluster.service_host = service.host;
  cluster.service_name = ShortName(service.host);
  cluster.service_namespace = service.name_space.empty() ? std::string(kUnknown) : service.name_space;
  cluster.port = port.number;
  cluster.protocol = port.protocol;
  const EffectivePolicy policy = PolicyFor(service, port.number, subset);
  if (policy.load_balancer != nullptr) cluster.load_balancer = *policy.load_balancer;
  if (policy.pool != nullptr) cluster.pool = *policy.pool;
  if (policy.outlier != nullptr) cluster.outlier = *policy.outlier;
  if (policy.retry_budget != nullptr) cluster.retry_budget = *policy.retry_budget;
  if (policy.tls != nullptr && policy.tls->mode != UpstreamTls::Mode::kDisable) {
    cluster.tls = MakeClientPolicy(documents, service, cluster, *policy.tls);
  }
  AddEndpoints(service, subset, documents.settings, resolved, cluster);
  cluster.hash_tables = core::BuildHashTables(cluster);
  return cluster;
}

}  // namespace

void CompileServices(const Documents& documents, const ServiceCatalog& catalog, const ResolvedHosts& resolved,
                     core::Snapshot& snapshot) {
  const auto add = [&](core::Cluster cluster) {
    cluster.id = {static_cast<std::uint32_t>(snapshot.clusters.size())};
    snapshot.clusters.push_back(std::move(cluster));
  };
  for (const Service& service : catalog.services()) {
    for (const ServicePort* port : service.ports) {
      add(MakeCluster(service, *port, nullptr, documents, resolved));
      if (service.rule == nullptr) continue;
      for (const Subset* subset : service.rule->subsets) {
        add(MakeCluster(service, *port, subset, documents, resolved));
      }
    }
  }
}

}  // namespace sluice::config

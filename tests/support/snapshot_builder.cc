#include "tests/support/snapshot_builder.h"

#include <utility>

namespace sluice::tests {

core::RouteMatch& RuleBuilder::match() {
  if (route_.matches.empty()) route_.matches.emplace_back();
  return route_.matches.back();
}

RuleBuilder& RuleBuilder::Or() {
  route_.matches.emplace_back();
  return *this;
}

RuleBuilder& RuleBuilder::Uri(core::StringMatch uri) {
  match().uri = std::move(uri);
  return *this;
}

RuleBuilder& RuleBuilder::Method(std::string method) {
  match().method = core::StringMatch::Exact(std::move(method));
  return *this;
}

RuleBuilder& RuleBuilder::Header(std::string name, core::StringMatch matcher) {
  const core::HeaderName code = core::LookupHeaderName(name);
  match().headers.push_back({std::move(name), code, std::move(matcher)});
  return *this;
}

RuleBuilder& RuleBuilder::Without(std::string name, core::StringMatch matcher) {
  const core::HeaderName code = core::LookupHeaderName(name);
  match().without_headers.push_back({std::move(name), code, std::move(matcher)});
  return *this;
}

RuleBuilder& RuleBuilder::Query(std::string name, core::StringMatch matcher) {
  match().query.push_back({std::move(name), std::move(matcher)});
  return *this;
}

core::Forward& RuleBuilder::forward() {
  if (!std::holds_alternative<core::Forward>(route_.action)) route_.action = core::Forward{};
  return std::get<core::Forward>(route_.action);
}

RuleBuilder& RuleBuilder::To(std::string host, std::string subset, std::uint32_t weight) {
  core::WeightedDestination destination;
  destination.host = std::move(host);
  destination.subset = std::move(subset);
  destination.weight = weight;
  forward().destinations.push_back(std::move(destination));
  return *this;
}

RuleBuilder& RuleBuilder::MirrorTo(std::string host, std::string subset, std::uint32_t per_million) {
  core::Mirror mirror;
  mirror.host = std::move(host);
  mirror.subset = std::move(subset);
  mirror.per_million = per_million;
  forward().mirrors.push_back(std::move(mirror));
  return *this;
}

RuleBuilder& RuleBuilder::Redirect(core::Redirect redirect) {
  route_.action = std::move(redirect);
  return *this;
}

RuleBuilder& RuleBuilder::Respond(std::uint16_t status, std::string body) {
  route_.action = core::DirectResponse{status, std::move(body)};
  return *this;
}

SnapshotBuilder& SnapshotBuilder::Service(const std::string& host, std::uint16_t port,
                                          std::initializer_list<std::string> subsets) {
  std::vector<std::string> names = {""};
  names.insert(names.end(), subsets.begin(), subsets.end());
  for (std::string& subset : names) {
    core::Cluster cluster;
    cluster.id = core::ClusterId{static_cast<std::uint32_t>(clusters_.size())};
    cluster.name = "outbound|" + std::to_string(port) + "|" + subset + "|" + host;
    cluster.service_host = host;
    cluster.service_name = host.substr(0, host.find('.'));
    cluster.subset = std::move(subset);
    cluster.port = port;
    core::Endpoint endpoint;
    endpoint.address = "127.0.0.1";
    endpoint.port = port;
    endpoint.host_port = "127.0.0.1:" + std::to_string(port);
    endpoint.state = std::make_shared<core::EndpointState>();
    cluster.endpoints.push_back(std::move(endpoint));
    cluster.state = std::make_shared<core::ClusterState>();
    clusters_.push_back(std::move(cluster));
  }
  return *this;
}

SnapshotBuilder& SnapshotBuilder::Experiment(HostBuilder& host, core::Experiment experiment) {
  experiment.id = core::ExperimentId{static_cast<std::uint32_t>(experiments_.size())};
  host.experiments_.push_back(experiment.id);
  experiments_.push_back(std::move(experiment));
  return *this;
}

core::ClusterId SnapshotBuilder::FindCluster(std::string_view host, std::string_view subset) const {
  for (const core::Cluster& cluster : clusters_) {
    if (cluster.service_host == host && cluster.subset == subset) return cluster.id;
  }
  return {};
}

core::Cluster& SnapshotBuilder::cluster(std::string_view host, std::string_view subset) {
  return clusters_.at(FindCluster(host, subset).value);
}

void SnapshotBuilder::Resolve(core::Forward& forward) const {
  std::uint64_t sum = 0;
  for (core::WeightedDestination& destination : forward.destinations) {
    destination.cluster = FindCluster(destination.host, destination.subset);
    if (destination.cluster.valid()) destination.port = clusters_[destination.cluster.value].port;
    destination.cumulative = sum += destination.weight;
  }
  for (core::Mirror& mirror : forward.mirrors) mirror.cluster = FindCluster(mirror.host, mirror.subset);
}

std::unique_ptr<core::Snapshot> SnapshotBuilder::Build() {
  auto snapshot = std::make_unique<core::Snapshot>();
  snapshot->clusters = clusters_;
  snapshot->experiments = experiments_;
  snapshot->listeners.emplace_back();  // the process's own port
  std::vector<core::VirtualHost> table;
  for (HostBuilder& host : hosts_) {
    core::VirtualHost& entry = table.emplace_back();
    entry.name = host.hosts_.front();
    entry.hosts = host.hosts_;
    entry.experiments = host.experiments_;
    for (RuleBuilder& rule : host.rules_) {
      core::Route& route = rule.route();
      route.id = core::RouteId{static_cast<std::uint32_t>(snapshot->routes.size())};
      if (auto* forward = std::get_if<core::Forward>(&route.action)) Resolve(*forward);
      entry.routes.push_back(route.id);
      snapshot->routes.push_back(std::move(route));
    }
  }
  snapshot->IndexClusters();
  snapshot->route_table.Build(std::move(table), snapshot->routes);
  return snapshot;
}

}  // namespace sluice::tests

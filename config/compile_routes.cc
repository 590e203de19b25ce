// VirtualServices and Experiments -> core::Route, core::Experiment and the route table (istio-reference.md section 1,
// design.md sections 2 and 3).
#include "config/compile.h"

#include "config/format.h"
#include "config/gateway_plan.h"
#include "config/host_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sluice::config {
namespace {

class RouteCompiler {
 public:
  RouteCompiler(const Documents& documents, core::Snapshot& snapshot)
      : documents_(documents), identity_(documents.settings.identity), snapshot_(snapshot) {
    CompileExperiments();
  }

  // The virtual hosts of one place; the table itself is built when all routes are there.
  std::vector<core::VirtualHost> HostsOf(const HostPlan& plan, const std::string& gateway) {
    gateway_ = gateway;
    std::vector<core::VirtualHost> hosts;
    hosts.reserve(plan.hosts.size());
    for (const PlannedHost& planned : plan.hosts) hosts.push_back(MakeHost(planned));
    return hosts;
  }

 private:
  // Routes of one VirtualService in rule order; the last may match everything.
  struct Compiled {
    std::vector<core::RouteId> specific;
    std::vector<core::RouteId> catch_all;
  };

  void CompileExperiments() {
    for (const ExperimentSpec& spec : documents_.experiments) {
      core::Experiment experiment = spec.experiment;
      experiment.id = {static_cast<std::uint32_t>(snapshot_.experiments.size())};
      experiment.host = spec.host.fqdn;
      experiment.matches = MatchesHere(spec);
      std::vector<core::TextIndex::Entry> overrides;
      for (const auto& [unit, arm] : experiment.overrides) overrides.push_back({unit, arm});
      experiment.override_index = core::TextIndex(overrides);
      experiments_[experiment.host].push_back(experiment.id);
      snapshot_.experiments.push_back(std::move(experiment));
    }
  }

  // The items of spec.match that can hold in the place whose hosts are being made.
  std::vector<core::RouteMatch> MatchesHere(const ExperimentSpec& spec) const {
    std::vector<core::RouteMatch> matches;
    for (const MatchItem& item : spec.matches) {
      if (ItemApplies(item, identity_, gateway_)) matches.push_back(item.match);
    }
    return matches;
  }

  // The experiment as it is in this place; invalid when none of its items can hold here. Where items name a gateway, its
  // requests have others than those of the own port: the definition then stands there once more, under its id.
  core::ExperimentId ExperimentHere(core::ExperimentId id) {
    const ExperimentSpec& spec = documents_.experiments[id.value];
    if (spec.matches.empty()) return id;
    std::vector<core::RouteMatch> matches = MatchesHere(spec);
    if (matches.empty()) return {};
    const bool same = std::ranges::all_of(spec.matches, [this](const MatchItem& item) {
      return ItemApplies(item, identity_, gateway_) == ItemApplies(item, identity_);
    });
    if (same) return id;
    const auto [at, added] = gateway_experiments_.try_emplace({id.value, gateway_});
    if (added) {
      at->second = {static_cast<std::uint32_t>(snapshot_.experiments.size())};
      core::Experiment experiment = snapshot_.experiments[id.value];
      experiment.matches = std::move(matches);
      snapshot_.experiments.push_back(std::move(experiment));
    }
    return at->second;
  }

  core::VirtualHost MakeHost(const PlannedHost& planned) {
    core::VirtualHost host;
    host.name = planned.fqdn;
    host.hosts = planned.names;
    if (planned.services.empty()) host.routes = {ImplicitRouteTo(*planned.service)};
    for (const VirtualService* service : planned.services) {
      const Compiled& compiled = RoutesOf(*service);
      host.routes.insert(host.routes.end(), compiled.specific.begin(), compiled.specific.end());
    }
    for (const VirtualService* service : planned.services) {
      const Compiled& compiled = RoutesOf(*service);
      host.routes.insert(host.routes.end(), compiled.catch_all.begin(), compiled.catch_all.end());
    }
    host.experiments = ExperimentsOf(planned, host);
    return host;
  }

  // Experiments on the host itself or on a service that one of its rules leads to, in snapshot order.
  std::vector<core::ExperimentId> ExperimentsOf(const PlannedHost& planned, const core::VirtualHost& host) {
    std::set<core::ExperimentId> found;
    if (experiments_.empty()) return {};
    const auto add = [&](const std::string& fqdn) {
      const auto at = experiments_.find(fqdn);
      if (at != experiments_.end()) found.insert(at->second.begin(), at->second.end());
    };
    add(planned.fqdn);
    for (const core::RouteId id : host.routes) {
      const auto* forward = std::get_if<core::Forward>(&snapshot_.routes[id.value].action);
      if (forward == nullptr) continue;
      for (const core::WeightedDestination& destination : forward->destinations) add(destination.host);
    }
    std::vector<core::ExperimentId> here;
    for (const core::ExperimentId id : found) {
      if (const core::ExperimentId as = ExperimentHere(id); as.valid()) here.push_back(as);
    }
    return here;
  }

  core::RouteId Add(core::Route route) {
    route.id = {static_cast<std::uint32_t>(snapshot_.routes.size())};
    snapshot_.routes.push_back(std::move(route));
    return snapshot_.routes.back().id;
  }

  core::RouteId ImplicitRouteTo(const Service& service) {
    const auto [at, added] = implicit_.try_emplace(&service);
    if (added) at->second = MakeImplicitRoute(service);
    return at->second;
  }

  core::RouteId MakeImplicitRoute(const Service& service) {
    core::Route route;
    core::Forward forward;
    core::WeightedDestination destination;
    destination.host = service.host;
    destination.port = service.ports.empty() ? std::uint16_t{0} : service.ports.front()->number;
    destination.cluster = snapshot_.FindCluster(service.host, destination.port, "");
    destination.weight = 1;
    destination.cumulative = 1;
    forward.destinations.push_back(std::move(destination));
    route.action = std::move(forward);
    route.file = service.first->meta.file;
    route.line = service.first->meta.mark.line;
    return Add(std::move(route));
  }

  const Compiled& RoutesOf(const VirtualService& service) {
    // The same rules on every port, unless a match names gateways.
    const auto names_gateways = [](const HttpRule& rule) {
      return std::ranges::any_of(rule.matches, [](const MatchItem& item) { return !item.gateways.empty(); });
    };
    const bool differs = std::ranges::any_of(service.http, names_gateways);
    const auto [at, added] = compiled_.try_emplace({&service, differs ? gateway_ : std::string()});
    if (!added) return at->second;
    const std::size_t last = FirstCatchAll(service, identity_, gateway_);
    for (std::size_t i = 0; i < service.http.size() && i <= last; ++i) {
      CompileRule(service, static_cast<std::uint32_t>(i), at->second);
    }
    return at->second;
  }

  // Each item of match[] is a route of its own in Istio. One route with several items says the same, except that a
  // catch-all item behind others must be able to move to the end when VirtualServices are merged.
  void CompileRule(const VirtualService& service, std::uint32_t index, Compiled& into) {
    const HttpRule& rule = service.http[index];
    std::vector<core::RouteMatch> specific;
    const MatchItem* catch_all = nullptr;
    for (const MatchItem& item : rule.matches) {
      if (!ItemApplies(item, identity_, gateway_)) continue;
      if (IsCatchAll(item)) {
        catch_all = &item;
        break;
      }
      specific.push_back(item.match);
    }
    if (!specific.empty()) into.specific.push_back(Add(MakeRoute(service, index, std::move(specific))));
    if (catch_all != nullptr) {
      into.catch_all.push_back(Add(MakeRoute(service, index, {catch_all->match})));
    } else if (rule.matches.empty()) {
      into.catch_all.push_back(Add(MakeRoute(service, index, {})));
    }
  }

  core::Route MakeRoute(const VirtualService& service, std::uint32_t index, std::vector<core::RouteMatch> matches) {
    const HttpRule& rule = service.http[index];
    core::Route route;
    route.name = rule.name;
    route.virtual_service = service.meta.Id();
    route.rule_index = index;
    route.file = service.meta.file;
    route.line = rule.mark.line;
    route.matches = std::move(matches);
    route.headers = rule.headers;
    route.fault = rule.fault;
    route.cors = rule.cors;
    route.sticky = service.sticky;
    if (const auto* redirect = std::get_if<core::Redirect>(&rule.action)) {
      route.action = *redirect;
    } else if (const auto* direct = std::get_if<core::DirectResponse>(&rule.action)) {
      route.action = *direct;
    } else {
      route.action = MakeForward(rule);
    }
    return route;
  }

  core::Forward MakeForward(const HttpRule& rule) const {
    core::Forward forward;
    const auto& destinations = std::get<std::vector<RouteDestination>>(rule.action);
    for (const RouteDestination& from : destinations) {
      // The sole destination gets everything, whatever its weight; of several, those with weight 0 vanish.
      if (destinations.size() > 1 && from.weight == 0) continue;
      core::WeightedDestination to;
      to.host = from.to.host.fqdn;
      to.subset = from.to.subset;
      to.cluster = snapshot_.FindCluster(to.host, from.to.port.value_or(0), to.subset);
      to.port = to.cluster.valid() ? snapshot_.clusters[to.cluster.value].port : from.to.port.value_or(0);
      to.weight = destinations.size() > 1 ? from.weight : std::max(1U, from.weight);
      to.cumulative = to.weight + (forward.destinations.empty() ? 0 : forward.destinations.back().cumulative);
      to.headers = from.headers;
      forward.destinations.push_back(std::move(to));
    }
    for (const MirrorTarget& from : rule.mirrors) {
      if (from.per_million == 0) continue;
      const core::ClusterId cluster =
          snapshot_.FindCluster(from.to.host.fqdn, from.to.port.value_or(0), from.to.subset);
      forward.mirrors.push_back({cluster, from.to.host.fqdn, from.to.subset, from.per_million});
    }
    forward.rewrite = rule.rewrite;
    forward.timeout = rule.timeout.value_or(core::Duration(0));
    if (rule.retries.has_value()) forward.retry = rule.retries->policy;
    // A user's requests stay with one host: trying another one is only right when asked for (section 1.5).
    const bool avoid_given = rule.retries.has_value() && rule.retries->avoid_previous_given;
    if (!avoid_given && forward.destinations.size() == 1 && IsHashed(forward.destinations.front().cluster)) {
      forward.retry.avoid_previous_hosts = false;
    }
    return forward;
  }

  bool IsHashed(core::ClusterId cluster) const {
    return cluster.valid() && snapshot_.clusters[cluster.value].load_balancer.hash.has_value();
  }

  const Documents& documents_;
  const core::Settings::Identity& identity_;
  core::Snapshot& snapshot_;
  std::string gateway_;  // of the place whose hosts are being made
  std::map<std::pair<const VirtualService*, std::string>, Compiled> compiled_;
  std::map<const Service*, core::RouteId> implicit_;
  std::map<std::string, std::vector<core::ExperimentId>, std::less<>> experiments_;  // by FQDN
  std::map<std::pair<std::uint32_t, std::string>, core::ExperimentId> gateway_experiments_;
};

}  // namespace

void CompileRoutes(const Documents& documents, const ServiceCatalog& catalog, core::Snapshot& snapshot) {
  RouteCompiler compiler(documents, snapshot);
  std::vector<std::vector<core::VirtualHost>> hosts;
  hosts.push_back(compiler.HostsOf(PlanHosts(documents, catalog), {}));
  for (const PlannedPort& port : PlanPorts(documents)) {
    for (const PlannedServer& server : port.servers) {
      const RulePlace place{server.gateway->meta.Id(), server.server};
      hosts.push_back(compiler.HostsOf(PlanHosts(documents, catalog, place), place.gateway));
    }
  }
  snapshot.route_table.Build(std::move(hosts.front()), snapshot.routes);
  for (std::size_t i = 1; i < hosts.size(); ++i) {
    snapshot.gateway_tables.emplace_back().Build(std::move(hosts[i]), snapshot.routes);
  }
}

std::unique_ptr<core::Snapshot> Compile(const Documents& documents, const ResolvedHosts& resolved) {
  auto snapshot = std::make_unique<core::Snapshot>();
  snapshot->revision = documents.revision;
  snapshot->settings = documents.settings;
  const ServiceCatalog catalog(documents);
  CompileServices(documents, catalog, resolved, *snapshot);
  snapshot->IndexClusters();
  CompileRoutes(documents, catalog, *snapshot);
  CompileMeters(documents, *snapshot);
  CompileListeners(documents, *snapshot);
  CompileAuthorization(documents, *snapshot);
  return snapshot;
}

}  // namespace sluice::config

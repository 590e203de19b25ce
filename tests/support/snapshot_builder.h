// Small Snapshots for tests, spelled out: services, rules, experiments, then Build(). One thread.
//
//   SnapshotBuilder world;
//   world.Service("ranking.svc", 8000, {"v45", "v47"});
//   world.Host({"ranking.svc"}).Rule("default").To("ranking.svc", "v45", 90).To("ranking.svc", "v47", 10);
//   const auto snapshot = world.Build();
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot/snapshot.h"

namespace sluice::tests {

class RuleBuilder {
 public:
  explicit RuleBuilder(std::string name) { route_.name = std::move(name); }

  // Begins another item of match[]; the conditions that follow belong to it.
  RuleBuilder& Or();
  RuleBuilder& Uri(core::StringMatch match);
  RuleBuilder& Method(std::string method);
  RuleBuilder& Header(std::string name, core::StringMatch match);
  RuleBuilder& Without(std::string name, core::StringMatch match);
  RuleBuilder& Query(std::string name, core::StringMatch match);
  core::RouteMatch& match();  // the current item; begins the first when there is none

  RuleBuilder& To(std::string host, std::string subset, std::uint32_t weight = 100);
  RuleBuilder& MirrorTo(std::string host, std::string subset, std::uint32_t per_million);
  RuleBuilder& Redirect(core::Redirect redirect);
  RuleBuilder& Respond(std::uint16_t status, std::string body);

  core::Route& route() { return route_; }
  core::Forward& forward();  // makes the rule one that forwards

 private:
  core::Route route_;
};

class HostBuilder {
 public:
  explicit HostBuilder(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}
  RuleBuilder& Rule(std::string name) { return rules_.emplace_back(std::move(name)); }

 private:
  friend class SnapshotBuilder;
  std::vector<std::string> hosts_;
  std::deque<RuleBuilder> rules_;
  std::vector<core::ExperimentId> experiments_;
};

class SnapshotBuilder {
 public:
  // The service as a whole and one cluster per subset, each with an endpoint 127.0.0.1:PORT.
  SnapshotBuilder& Service(const std::string& host, std::uint16_t port, std::initializer_list<std::string> subsets);
  HostBuilder& Host(std::vector<std::string> hosts) { return hosts_.emplace_back(std::move(hosts)); }
  // Runs on requests of `host`; its id is filled in.
  SnapshotBuilder& Experiment(HostBuilder& host, core::Experiment experiment);
  core::Cluster& cluster(std::string_view host, std::string_view subset);

  // Call once. Destinations without a service stay invalid, as an undefined subset does.
  std::unique_ptr<core::Snapshot> Build();

 private:
  core::ClusterId FindCluster(std::string_view host, std::string_view subset) const;
  void Resolve(core::Forward& forward) const;

  std::vector<core::Cluster> clusters_;
  std::vector<core::Experiment> experiments_;
  std::deque<HostBuilder> hosts_;
};

}  // namespace sluice::tests

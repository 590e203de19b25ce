// A world with one experiment, and requests that are really decided in it and end as the test says: for the feed and the
// monitor. Owned by a test.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/experiment/bucket_hasher.h"
#include "core/plan/forward_plan.h"
#include "core/telemetry/record.h"
#include "gateway/experiment/exposure_feed.h"
#include "gateway/runtime/meter_registry.h"
#include "gateway/telemetry/version_observer.h"
#include "tests/support/snapshot_builder.h"

namespace sluice::gateway {

class Trial {
 public:
  static constexpr const char* kHost = "ranking.svc";

  Trial() {
    experiment.name = "ranking-v47";
    experiment.name_space = "ml";
    experiment.host = kHost;
    experiment.unit_name = "x-user-id";
    experiment.salt = "ranking-v47";
    experiment.buckets = 100;
    experiment.arms = {{.name = "control", .first = 0, .last = 49, .subset = "v45", .meter = core::MeterId{0}},
                       {.name = "treatment", .first = 50, .last = 99, .subset = "v47", .meter = core::MeterId{1}}};
  }

  // To be changed before Publish().
  core::Experiment experiment;
  core::Settings settings;
  bool redirects = false;
  bool elsewhere = false;  // the rule leads to another service

  // Puts the experiment in force, as another generation.
  void Publish() {
    tests::SnapshotBuilder world;
    world.Service(kHost, 8000, {"v45", "v47"});
    world.Service("other.svc", 8000, {"stable"});
    tests::HostBuilder& host = world.Host({kHost});
    tests::RuleBuilder& rule = host.Rule("default");
    if (redirects) {
      rule.Redirect({});
    } else if (elsewhere) {
      rule.To("other.svc", "stable");
    } else {
      rule.To(kHost, "v45");
    }
    world.Experiment(host, experiment);
    auto made = world.Build();
    made->settings = settings;
    made->meters = {{"experiment/ml/ranking-v47/arm/control", nullptr},
                    {"experiment/ml/ranking-v47/arm/treatment", nullptr}};
    meters_.Attach(*made);
    made->generation = ++generation_;
    snapshot_ = std::move(made);
  }
  std::shared_ptr<const core::Snapshot> snapshot() const { return snapshot_; }

  struct End {
    std::uint16_t code = 200;
    bool relayed = true;
    core::Duration took = core::Milliseconds(5);
  };
  // A request of `user`, by the world in force.
  void Serve(std::string_view user, const End& end) { ServeIn(*snapshot_, user, end); }
  void Serve(std::string_view user) { Serve(user, End{}); }
  void ServeIn(const core::Snapshot& world, std::string_view user, const End& end) {
    {
      core::Head request(arena_);
      request.method = "GET";
      request.scheme = "http";
      request.authority = kHost;
      request.path = "/rank";
      request.headers.AddCopy("x-user-id", user);
      const core::Plan plan = core::MakePlan(world, request, core::PlanInput{"/rank", "", 8080, "10.1.2.3", "id"},
                                             hasher_, random_, arena_);
      core::Record record;
      record.snapshot = &world;
      record.plan = &plan;
      record.request = &request;
      record.response_code = end.code;
      record.relayed = end.relayed && plan.forwards();
      record.duration = end.took;
      feed.OnExchange(record);
      ObserveVersion(record, 0);
    }
    arena_.Reset();
  }
  void ServeMany(int users, const std::string& prefix = "user-") {
    for (int i = 0; i < users; ++i) Serve(prefix + std::to_string(i));
  }

  ExposureFeed feed;

 private:
  core::Arena arena_;
  core::BucketHasher hasher_;
  core::Random random_{42};
  MeterRegistry meters_{1};
  std::uint64_t generation_ = 0;
  std::shared_ptr<const core::Snapshot> snapshot_;
};

}  // namespace sluice::gateway

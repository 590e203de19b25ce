// A small world for telemetry tests: the ranking service with subsets v45 and v47, one endpoint each, and records of
// finished exchanges against it.
#pragma once

#include <memory>
#include <string>

#include "core/snapshot/snapshot.h"
#include "core/telemetry/record.h"

namespace sluice::gateway {

class Scenario {
 public:
  explicit Scenario(std::uint64_t generation = 1) : snapshot_(std::make_shared<core::Snapshot>()) {
    snapshot_->generation = generation;
    snapshot_->revision = "1f3a9c";
    for (const char* version : {"v45", "v47"}) snapshot_->clusters.push_back(ClusterOf(version));
  }

  core::Snapshot& snapshot() { return *snapshot_; }
  std::shared_ptr<const core::Snapshot> shared() const { return snapshot_; }
  core::Cluster& v45() { return snapshot_->clusters[0]; }
  core::Cluster& v47() { return snapshot_->clusters[1]; }

  // An answer of the model: 42 ms, of which 40 at the upstream; 500 bytes in, 2,000 out.
  core::Record Answered(const core::Cluster& cluster, std::uint16_t code = 200) const {
    core::Record record = NoRoute();
    record.flags = {};
    record.response_code = code;
    record.cluster = &cluster;
    record.endpoint = &cluster.endpoints[0];
    record.duration = core::Milliseconds(42);
    record.upstream_service_time = core::Milliseconds(40);
    return record;
  }

  // 404 NR after no time at all.
  core::Record NoRoute() const {
    core::Record record;
    record.snapshot = snapshot_.get();
    record.response_code = 404;
    record.flags.Set(core::ResponseFlag::kNR);
    record.request_wire_bytes = 500;
    record.response_wire_bytes = 2'000;
    return record;
  }

 private:
  static core::Cluster ClusterOf(const std::string& version) {
    core::Cluster cluster;
    cluster.name = "outbound|8000|" + version + "|ranking.ml.svc.cluster.local";
    cluster.service_host = "ranking.ml.svc.cluster.local";
    cluster.service_name = "ranking";
    cluster.service_namespace = "ml";
    cluster.subset = version;
    cluster.state = std::make_shared<core::ClusterState>();
    core::Endpoint endpoint;
    endpoint.address = "127.0.0.1";
    endpoint.host_port = version == "v45" ? "127.0.0.1:9145" : "127.0.0.1:9147";
    endpoint.workload = "ranking-" + version;
    endpoint.workload_namespace = "ml";
    endpoint.app = "ranking";
    endpoint.version = version;
    endpoint.canonical_service = "ranking";
    endpoint.canonical_revision = version;
    endpoint.state = std::make_shared<core::EndpointState>();
    cluster.endpoints.push_back(std::move(endpoint));
    return cluster;
  }

  std::shared_ptr<core::Snapshot> snapshot_;
};

}  // namespace sluice::gateway

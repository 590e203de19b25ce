// The immutable world: every rule, service and setting of one configuration revision. Built by config/compile, given
// to all threads by gateway/runtime/snapshot_hub, freed when the last reader lets go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/strong_id.h"
#include "core/base/text_index.h"
#include "core/experiment/experiment.h"
#include "core/identity/authorization.h"
#include "core/route/route.h"
#include "core/route/route_table.h"
#include "core/snapshot/listener.h"
#include "core/snapshot/settings.h"
#include "core/telemetry/version_meter.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

// What is measured by name: "canary/NAMESPACE/NAME/champion", "canary/.../challenger",
// "experiment/NAMESPACE/NAME/arm/ARM". `live` survives changes of the configuration as long as the name is there.
struct MeterSlot {
  std::string name;
  std::shared_ptr<VersionMeters> live;  // set when the snapshot is published; null before
};

struct Snapshot {
  std::uint64_t generation = 0;  // counts up with every publish
  std::string revision;          // short hash of the configuration text, for logs and /config_dump

  Settings settings;
  std::vector<Cluster> clusters;           // by ClusterId
  std::vector<Route> routes;               // by RouteId
  std::vector<Experiment> experiments;     // by ExperimentId
  RouteTable route_table;                  // host -> virtual host -> ordered routes; of the process's own port
  std::vector<RouteTable> gateway_tables;  // the same for each server of a Gateway (GatewayServer::table)
  Authorization authorization;             // policies that hold for every request
  std::vector<MeterSlot> meters;           // by MeterId
  std::vector<Listener> listeners;         // at least one: the process's own port, or those of the Gateways

  // (service FQDN, port, subset) -> cluster, for arms and explanations. Port 0 finds the only or first port.
  // Called on the request path: no allocation. Invalid when there is none.
  ClusterId FindCluster(std::string_view host, std::uint16_t port, std::string_view subset) const;
  // Call after `clusters` is complete and before FindCluster.
  void IndexClusters();

  // Null when nothing of that name is measured. Not for the request path.
  const MeterSlot* FindMeter(std::string_view name) const;

  // Null when that port is no longer one of ours.
  const Listener* FindListener(std::string_view bind, std::uint16_t port) const;

 private:
  TextIndex cluster_index_;  // "host|port|subset"
};

}  // namespace sluice::core

// What is kept of one canary between two lives of the process, and its JSON (canary_store keeps it). Plain data; the control
// thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/resource.h"
#include "config/resource_json.h"
#include "core/canary/canary_machine.h"
#include "core/telemetry/version_meter.h"
#include "gateway/store/route_weights.h"

namespace sluice::gateway {

// A step that is to be carried out, and on whose account.
struct CanaryIntent {
  core::CanaryStep step{};
  std::string what{};      // of the event: "start", "stage", "rollback" ...
  std::string author{};    // who asked; empty: the gateway itself
  RouteWeights weights{};  // that it is about to set
};

// Which weights a canary is about.
struct CanaryTarget {
  config::ResourceKey service{};
  std::string route{};  // http[].name, or its index
  Versions versions{};

  bool operator==(const CanaryTarget& other) const {
    return service == other.service && route == other.route && versions.champion == other.versions.champion &&
           versions.challenger == other.versions.challenger;
  }
};

struct CanaryRow {
  core::CanaryState state{};
  std::int64_t since_us = 0;  // of the phase
  CanaryTarget target{};
  RouteWeights before{};                    // weights from before the start
  config::Json rule{};                      // the route as this canary has left it; another one is somebody else's
  std::optional<CanaryIntent> intent{};     // written before weights change, taken away afterwards
  core::VersionSample champion{};           // of the stage so far
  core::VersionSample challenger{};         // the same
  bool last = false;                        // the stage is the last one: the champion has no requests any more ...
  core::VersionSample previous_champion{};  // ... and is what it was in the stage before
  config::Json verdict = config::Json::object();  // the last one, as pages tell it
};

config::Json ToJson(const CanaryRow& row);
// Whatever is missing or is something else has its default.
CanaryRow CanaryRowFrom(const config::Json& json);

}  // namespace sluice::gateway

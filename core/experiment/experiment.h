// An A/B experiment: who takes part, by which unit, and which arm gets which buckets (design.md section 2). Plain data;
// immutable in a Snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/strong_id.h"
#include "core/base/text_index.h"
#include "core/route/route.h"

namespace sluice::core {

// Layers and holdouts cut users into this many buckets, by md5("<unit>:<name of the layer or holdout>").
inline constexpr std::uint32_t kLayerBuckets = 10'000;

struct ExperimentArm {
  std::string name;
  std::uint32_t first = 0;  // buckets first..last, both included
  std::uint32_t last = 0;
  std::string subset;
  MeterId meter{};  // what its users were answered
};

// The experiments of one layer own disjoint buckets of it, so that no user is in two of them.
struct ExperimentLayer {
  std::string name;
  std::uint32_t first = 0;  // buckets of kLayerBuckets, both included
  std::uint32_t last = kLayerBuckets - 1;
};

// Users that take no part, the same ones in every experiment with a holdout of this name.
struct ExperimentHoldout {
  std::string name;
  std::uint32_t buckets = 0;  // the first ones of kLayerBuckets
};

// A unit for who has none yet: a random id, which the answer asks the client to keep.
struct UnitCookie {
  Duration ttl{0};  // 0: until the browser closes
  std::string path = "/";
};

struct Experiment {
  // Its own place in Snapshot::experiments. Behind the definitions there may be copies of some, with what is left of
  // `matches` for the requests of one Gateway: they have the id of the original, which is not their place.
  ExperimentId id;
  std::string name;  // metadata.name
  std::string name_space;
  std::string host;  // FQDN of the service whose destination the arms replace
  enum class Unit : std::uint8_t { kHeader, kCookie, kQueryParam };
  Unit unit = Unit::kHeader;
  std::string unit_name;               // lower case for headers
  std::optional<UnitCookie> generate;  // kCookie only
  std::string salt;                    // defaults to metadata.name
  std::uint32_t buckets = 100;
  std::vector<ExperimentArm> arms;  // disjoint, ascending; may be empty: headers only
  std::vector<std::string> routes;  // http[].name filter; empty: every rule of the host
  std::vector<RouteMatch> matches;  // one of them must hold; empty: every request
  std::optional<ExperimentLayer> layer;
  std::optional<ExperimentHoldout> holdout;
  std::vector<std::pair<std::string, std::uint32_t>> overrides;  // unit, index of its arm; as given
  TextIndex override_index;                                      // the same, for the request path
};

}  // namespace sluice::core

// An A/B experiment: unit, salt, buckets, arms (design.md section 2). Plain data; immutable in a Snapshot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/strong_id.h"

namespace sluice::core {

struct ExperimentArm {
  std::string name;
  std::uint32_t first = 0;  // buckets first..last, both included
  std::uint32_t last = 0;
  std::string subset;
};

struct Experiment {
  ExperimentId id;
  std::string name;  // metadata.name
  std::string name_space;
  std::string host;  // FQDN of the service whose destination the arms replace
  enum class Unit : std::uint8_t { kHeader, kCookie, kQueryParam };
  Unit unit = Unit::kHeader;
  std::string unit_name;  // lower case for headers
  std::string salt;       // defaults to metadata.name
  std::uint32_t buckets = 100;
  std::vector<ExperimentArm> arms;  // disjoint, ascending; may be empty: headers only
  std::vector<std::string> routes;  // http[].name filter; empty: every rule of the host
};

}  // namespace sluice::core

// A resource that is in force, with what Kubernetes calls its metadata. Plain data; the control thread's.
#pragma once

#include <cstdint>
#include <string>

#include "config/resource.h"
#include "config/resource_json.h"

namespace sluice::gateway {

struct LiveObject {
  config::ResourceKey key;
  config::Json body;                                    // config::CanonicalBody
  std::uint64_t version = 0;                            // revision that changed it last: metadata.resourceVersion
  std::uint64_t generation = 1;                         // counts changes of spec
  std::string uid;                                      // a UUID, for its life
  std::int64_t created_us = 0;                          // microseconds since the epoch
  config::Json managed_fields = config::Json::array();  // of server-side apply
  config::Place place{};  // where it is written, when a file says just this; else an empty file
};

}  // namespace sluice::gateway

// Whether an object that was sent is one that may stand at the path it was sent to: kind, version, names, metadata. What
// is in its spec is for the configuration's own reader to judge. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/resource_json.h"
#include "gateway/api/request_path.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

// An error, or nothing. Fills in what the path says and the object leaves out: namespace and, when the path has one, name.
std::optional<ApiError> CheckObject(const ResourcePath& path, config::Json& object);

// What was sent and is not kept, because nothing here acts on it: finalizers, owners.
std::vector<std::string> NotKept(const config::Json& object);

// A name that begins with generateName and is not taken; `turn` tells tries apart.
std::string GeneratedName(const std::string& prefix, std::int64_t now_us, int turn);

}  // namespace sluice::gateway

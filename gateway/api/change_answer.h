// What a writer hears of his change: the object as it is now with the warnings that concern him, or why it was refused.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "gateway/api/request_path.h"
#include "gateway/store/change.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

// A change that was not made.
ApiError ErrorOf(const World& world, const ResourcePath& path, const ObjectEdit& edit, const ChangeResult& result);

// What vanished, and warnings of the configuration about the object.
std::vector<std::string> WarningsOf(const World& world, const config::ResourceKey& key, const ChangeResult& result);

}  // namespace sluice::gateway

// get, list and watch. Pure but for the watch that is begun; the control thread only.
#pragma once

#include <expected>
#include <vector>

#include "gateway/api/request_path.h"
#include "gateway/api/resource_api.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

AdminAnswer Read(const ApiContext& context, const AdminRequest& request, const ResourcePath& path);

// Objects of the path's kind and namespace that both selectors of the request take, by namespace and name.
std::expected<std::vector<const LiveObject*>, ApiError> Select(const ApiContext& context, const AdminRequest& request,
                                                               const ResourcePath& path);

}  // namespace sluice::gateway

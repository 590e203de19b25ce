// create, replace, patch, server-side apply and delete: each makes one Change and hands it to the transaction. The
// control thread only.
#pragma once

#include "gateway/api/request_path.h"
#include "gateway/api/resource_api.h"

namespace sluice::gateway {

AdminAnswer Create(const ApiContext& context, const AdminRequest& request, const ResourcePath& path);
AdminAnswer Replace(const ApiContext& context, const AdminRequest& request, const ResourcePath& path);
AdminAnswer Patch(const ApiContext& context, const AdminRequest& request, const ResourcePath& path);
AdminAnswer Delete(const ApiContext& context, const AdminRequest& request, const ResourcePath& path);

}  // namespace sluice::gateway

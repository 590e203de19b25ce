// OpenAPI as far as kubectl needs it: which query parameters a PATCH takes (dryRun, fieldValidation), and what
// `kubectl explain` says. A spec stays open, so that no client judges fields: the server does, with the nearest name.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/resource_kind.h"
#include "gateway/admin/admin_message.h"

namespace sluice::gateway {

// "/openapi/v2", "/openapi/v3" and "/openapi/v3/apis/GROUP/VERSION".
AdminAnswer AnswerOpenApi(const AdminRequest& request, const std::vector<std::string>& segments);

// "dev.sluice.v1alpha1.Experiment"
std::string SchemaName(const config::ResourceKind& kind, std::string_view version);

}  // namespace sluice::gateway

// Kubernetes' resource API for the kinds of config/resource_kind: discovery, OpenAPI as far as kubectl needs it, get, list,
// watch, create, replace, patch (JSON, merge, server-side apply) and delete; a function from request to answer. Errors
// are Kubernetes' Status objects. The control thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/admin/admin_message.h"
#include "gateway/store/change.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

struct ApiContext {
  const World* world = nullptr;
  ChangeHook changes;
  std::string_view default_namespace = "default";
  std::string_view author;  // who is asking, for the history
  std::int64_t now_us = 0;  // microseconds since the epoch, for ages and times of managed fields
};

// "/api", "/apis", "/openapi", "/version" and what is below them.
bool IsApiPath(std::string_view path);

// `may_write` is false for callers that have not shown the token: reads work, everything else is 401.
AdminAnswer AnswerApi(const ApiContext& context, const AdminRequest& request, bool may_write);

}  // namespace sluice::gateway

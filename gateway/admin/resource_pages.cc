#include <string>

#include "gateway/admin/admin_pages.h"
#include "gateway/api/history_pages.h"
#include "gateway/api/resource_api.h"
#include "gateway/canary/canary_pages.h"
#include "gateway/experiment/experiment_pages.h"
#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {
namespace {

// What the history calls whoever sends this: the identity of his certificate, or the token; the verbs say in their
// User-Agent, "sluice/VERSION (USER@HOST)", which user it was.
std::string AuthorOf(const AdminRequest& request) {
  const std::string proof = request.peer.empty() ? "admin-token" : std::string(request.peer);
  const std::size_t open = request.user_agent.find(" (");
  if (!request.user_agent.starts_with("sluice/") || open == std::string_view::npos) return proof;
  std::string_view user = request.user_agent.substr(open + 2, 128);
  user = user.substr(0, user.find(')'));
  return user.empty() ? proof : std::string(user) + " with " + proof;
}

}  // namespace

bool IsResourcePath(std::string_view path) { return IsApiPath(path) || IsHistoryPath(path); }

// The objects in force are read by everybody who may read pages, and written by those who have shown the token or a
// certificate.
AdminAnswer AnswerResources(const AdminContext& context, const AdminRequest& request) {
  const bool may_write = context.guard.Trusts(request.authorization);
  if (request.path == "/sluice/v1/explain") return ExplainPage(context, request);
  if (IsExperimentPath(request.path) && context.experiments != nullptr) {
    return context.experiments(context.self, request);
  }
  if (context.world == nullptr || context.store == nullptr)
    return AdminAnswer{404, "text/plain; charset=utf-8", "this process has no resources\n"};
  const std::string author = AuthorOf(request);
  if (context.canaries != nullptr && IsCanaryPath(request.path)) {
    return context.canaries(context.self, request, author, may_write);
  }
  if (IsHistoryPath(request.path)) {
    return AnswerHistory({.world = context.world,
                          .store = context.store,
                          .changes = context.changes,
                          .default_namespace = context.default_namespace,
                          .author = author,
                          .state_directory = context.state_directory,
                          .findings = {context.findings, context.self}},
                         request, may_write);
  }
  return AnswerApi({.world = context.world,
                    .changes = context.changes,
                    .default_namespace = context.default_namespace,
                    .author = author,
                    .now_us = UnixMicros()},
                   request, may_write);
}

std::size_t AdminBodyLimit(const AdminContext& context, PageSet set, const AdminRequest& request) {
  if (set != PageSet::kAdmin || !IsResourcePath(request.path)) return 0;
  constexpr std::size_t kUnknown = 64 * 1024;  // of a caller who has shown nothing: a request to be explained
  return context.guard.Trusts(request.authorization) ? kAdminBodyMax : kUnknown;
}

}  // namespace sluice::gateway

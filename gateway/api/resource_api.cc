#include "gateway/api/resource_api.h"

#include "gateway/api/discovery.h"
#include "gateway/api/open_api.h"
#include "gateway/api/request_path.h"
#include "gateway/api/resource_reads.h"
#include "gateway/api/resource_writes.h"

namespace sluice::gateway {
namespace {

bool IsAtOrBelow(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

// Documents about the API itself.
AdminAnswer AnswerDocument(const ApiContext& context, const AdminRequest& request,
                           const std::vector<std::string>& segments) {
  if (segments[0] == "version") return segments.size() == 1 ? AnswerVersion() : Answer(NoSuchResource());
  if (segments[0] == "openapi") return AnswerOpenApi(request, segments);
  if (segments[0] == "api") return AnswerCore(context, segments);
  return AnswerGroups(segments);
}

}  // namespace

bool IsApiPath(std::string_view path) {
  return IsAtOrBelow(path, "/api") || IsAtOrBelow(path, "/apis") || IsAtOrBelow(path, "/openapi") ||
         IsAtOrBelow(path, "/version");
}

AdminAnswer AnswerApi(const ApiContext& context, const AdminRequest& request, bool may_write) {
  const auto segments = Segments(request.path);
  if (!segments || segments->empty()) return Answer(BadRequest("the path cannot be read"));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !may_write) {
    ApiError error{.code = 401, .reason = "Unauthorized"};
    error.message =
        "changes need the token of the state directory: use the file that `sluice kubeconfig` prints, over https";
    return Answer(error);
  }
  if (segments->front() != "apis" || segments->size() < 4) {
    return reads ? AnswerDocument(context, request, *segments) : Answer(MethodNotAllowed(request.method));
  }
  const auto path = ParseResourcePath(*segments);
  if (!path) return Answer(path.error());
  if (reads) return Read(context, request, *path);
  if (auto wrong = CheckManager(request)) return Answer(*wrong);
  if (request.method == "POST") return Create(context, request, *path);
  if (request.method == "PUT") return Replace(context, request, *path);
  if (request.method == "PATCH") return Patch(context, request, *path);
  if (request.method == "DELETE") return Delete(context, request, *path);
  return Answer(MethodNotAllowed(request.method));
}

}  // namespace sluice::gateway

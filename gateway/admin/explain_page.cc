// POST /sluice/v1/explain: a request as JSON (explain/sample_json), explained by the rules in force and the endpoints as
// they are at this moment. Reads only, so whoever may read the port's pages may ask.
#include <random>

#include "core/plan/explanation.h"
#include "gateway/admin/admin_pages.h"
#include "gateway/explain/explanation_json.h"
#include "gateway/explain/sample_json.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr const char* kJsonType = "application/json";

AdminAnswer Refused(std::uint16_t status, const core::Error& error) {
  return {status, kJsonType,
          Json{{"message", error.Text()}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace

AdminAnswer ExplainPage(const AdminContext& context, const AdminRequest& request) {
  if (request.method != "POST") {
    return Refused(405, {core::ErrorCode::kInvalidArgument, "this page wants POST", "send a request as JSON"});
  }
  const auto snapshot = SnapshotOf(context);
  if (snapshot == nullptr) {
    return Refused(503, {core::ErrorCode::kUnavailable, "no configuration is in force yet", "ask again later"});
  }
  const Json body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) {
    return Refused(400, {core::ErrorCode::kInvalidArgument, "the body is not JSON", "POST a request as JSON"});
  }
  const auto query = ParseSample(body);
  if (!query) return Refused(400, query.error());
  core::BucketHasher hasher;
  core::Random random(std::random_device{}());
  core::SampleDecision decision(*snapshot, query->request, query->draw, hasher, random);
  const core::TimePoint now = context.clock == nullptr ? core::TimePoint{} : context.clock->Now();
  const auto explanation = core::Explain(*snapshot, decision, hasher, now);
  if (!explanation) return Refused(500, explanation.error());
  return {200, kJsonType,
          ExplanationJson(*snapshot, decision, *explanation, true).dump(2, ' ', false, Json::error_handler_t::replace) +
              "\n"};
}

}  // namespace sluice::gateway

#include "gateway/canary/live_rule.h"

#include <utility>

#include "config/canary_route.h"
#include "gateway/store/field_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr std::size_t kSummaryMax = 300;  // bytes of a reason

core::Status CheckEndpoints(const core::Snapshot& snapshot, const config::RouteDestination& destination) {
  const config::DestinationRef& to = destination.to;
  const core::ClusterId id = snapshot.FindCluster(to.host.fqdn, to.port.value_or(0), to.subset);
  const std::string name = "subset " + to.subset + " of " + to.host.fqdn;
  if (!id.valid()) {
    return core::Fail(core::ErrorCode::kUnavailable, name + " is not defined", "define it in a DestinationRule");
  }
  if (!snapshot.clusters[id.value].endpoints.empty()) return {};
  return core::Fail(core::ErrorCode::kUnavailable, name + " has no endpoints",
                    "start the version first; `sluice get serviceentry` shows the labels of what there is");
}

core::Error RefusalOf(const ChangeResult& result) {
  using Outcome = ChangeResult::Outcome;
  switch (result.outcome) {
    case Outcome::kNotRecorded: return {core::ErrorCode::kIo, result.error, ""};
    case Outcome::kGateFailed:
      return {core::ErrorCode::kUnavailable, "a test of --gate fails with the new weights: " + result.error, ""};
    case Outcome::kConflict:
    case Outcome::kNotFound: return {core::ErrorCode::kUnavailable, result.error, ""};
    default: return {core::ErrorCode::kUnavailable, "the new weights are refused: " + result.error, ""};
  }
}

}  // namespace

CanaryTarget TargetOf(const config::CanaryDocument& document) {
  const std::string& id = document.virtual_service.fqdn;
  const std::size_t slash = id.find('/');
  const std::string name = slash == std::string::npos ? id : id.substr(slash + 1);
  return {.service = {"VirtualService", slash == std::string::npos ? std::string() : id.substr(0, slash), name},
          .route = document.route,
          .versions = {document.champion, document.challenger}};
}

core::Result<LiveRule> FindLiveRule(const CanaryWorld& world, const CanaryTarget& target) {
  const LiveObject* live = world.world->Find(target.service);
  if (live == nullptr) {
    return core::Fail(core::ErrorCode::kUnavailable, target.service.Text() + " does not exist",
                      "apply it, or name another one in spec.virtualService");
  }
  const Json& rules = ValueAt(ValueAt(live->body, "spec"), "http");
  if (!rules.is_array()) {
    return core::Fail(core::ErrorCode::kUnavailable, target.service.Text() + " has no http routes", "");
  }
  const auto index = FindRule(rules, target.route);
  if (!index) return core::Fail(core::ErrorCode::kUnavailable, index.error().cause, index.error().cure);
  return LiveRule{.body = live->body, .version = live->version, .index = *index};
}

core::Status CheckStart(const CanaryWorld& world, const config::CanaryDocument& document, const LiveRule& now) {
  const RouteWeights weights = WeightsOf(now.rule());
  const Versions versions{document.champion, document.challenger};
  if (core::Status fit = CheckVersions(weights, versions); !fit) return fit;
  const std::shared_ptr<const config::Documents> documents = world.documents(world.self);
  const auto route = config::FindCanaryRoute(*documents, document);
  if (!route) return core::Fail(core::ErrorCode::kUnavailable, "the route is not in force", "");
  const std::shared_ptr<const core::Snapshot> snapshot = world.snapshot(world.self);
  for (const std::string& subset : {versions.champion, versions.challenger}) {
    const config::RouteDestination* destination = route->FindDestination(subset);
    if (destination == nullptr) continue;  // the body said that it is there
    if (core::Status usable = CheckEndpoints(*snapshot, *destination); !usable) return usable;
  }
  return {};
}

core::Result<LiveRule> SubmitWeights(const CanaryWorld& world, const CanaryTarget& target, LiveRule now,
                                     const RouteWeights& weights, const std::string& author,
                                     const std::string& message) {
  Json& rule = now.body["spec"]["http"][now.index];
  if (core::Status put = PutWeights(rule, weights); !put) return std::unexpected(put.error());
  Change change;
  change.source = "canary";
  change.author = author;
  change.message = message;
  change.edits.push_back({.key = target.service, .body = now.body, .expected_version = now.version});
  const ChangeResult result = world.changes.submit(world.changes.self, change);
  if (!result.ok()) return std::unexpected(RefusalOf(result));
  auto after = FindLiveRule(world, target);
  if (after) after->version = result.revision;
  return after;
}

std::string LastChangeText(const CanaryWorld& world, const config::ResourceKey& service) {
  const auto history = world.history->History({.limit = 1, .object = service, .rejected = false});
  if (!history || history->empty()) return "changed by somebody else";
  const Revision& revision = history->front();
  const std::string where = service.Text() + ": ";
  std::string summary;
  for (const std::string& line : revision.summary) {
    if (!line.starts_with(where)) continue;
    summary += (summary.empty() ? "" : "; ") + line.substr(where.size());
  }
  if (summary.size() > kSummaryMax) {
    summary.resize(kSummaryMax);
    summary += " ...";
  }
  return "changed by " + revision.author + " in revision " + std::to_string(revision.number) +
         (summary.empty() ? "" : ": " + summary);
}

}  // namespace sluice::gateway

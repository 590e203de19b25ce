// A configuration in any text: every finding has its place and is one line; what is accepted compiles, decides every
// request, and neither the decision nor the fields it adds can be refused by the writer of the next hop.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "config/analyze.h"
#include "config/document.h"
#include "config/loader.h"
#include "core/base/check.h"
#include "core/plan/forward_plan.h"
#include "gateway/codec/h1_codec.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/recording_events.h"

namespace sluice::config {
namespace {

// What is said about the file as a whole: too big, empty, more findings than are shown.
bool IsAboutTheFile(const Finding& finding) {
  return finding.code == "SL1002" || finding.code == "SL1004" || finding.code == "SL1012";
}

void CheckFindings(const Loaded& loaded, std::string_view text) {
  const auto lines = static_cast<std::uint32_t>(1 + std::ranges::count(text, '\n') + std::ranges::count(text, '\r'));
  bool error = false;
  for (const Finding& finding : loaded.findings) {
    error = error || finding.severity == Severity::kError;
    CHECK(!finding.code.empty() && !finding.message.empty());
    CHECK(FormatFinding(finding).find('\n') == std::string::npos);
    if (IsAboutTheFile(finding)) continue;
    CHECK(finding.severity != Severity::kError || finding.place.mark.line > 0);
    CHECK(finding.place.mark.line <= lines + 1);
  }
  CHECK(loaded.ok == !error);
  CHECK(nlohmann::json::accept(FormatFindingsJson(loaded.findings)));
}

// The codec closes instead of sending when a head holds what it must not.
void CheckSent(const core::Head& head) {
  gateway::CodecLimits limits;
  gateway::CodecStats stats;
  core::BlockPool pool;
  test::RecordingEvents answer;
  gateway::H1Codec codec(gateway::Role::kClient, limits, stats, pool, nullptr, {});
  codec.Open(answer)->SendHead(head, gateway::Flow::kEnd);
  CHECK(!codec.WantsClose());
}

void Decide(const core::Snapshot& snapshot, std::string_view authority, std::string_view path) {
  core::Arena arena;
  core::BucketHasher hasher;
  core::Random random(fuzz::SeedOf(path));
  core::Head request(arena);
  request.method = "GET";
  request.scheme = "http";
  request.authority = authority;
  request.path = path;
  request.headers.AddBorrowed("x-user-id", "user-7");
  request.headers.AddBorrowed(core::HeaderName::kCookie, "user=7");
  request.headers.AddBorrowed(core::HeaderName::kOrigin, "http://a.example");
  const std::string_view bare = path.substr(0, path.find('?'));
  const core::PlanInput input{bare, path.substr(std::min(path.size(), bare.size() + 1)), 80, "192.0.2.7", "id"};
  const core::Plan plan = core::MakePlan(snapshot, request, input, hasher, random, arena);
  core::Head response(arena);
  response.status = 200;
  core::ApplyResponseHeaders(plan, request, response, input, arena);
  if (const auto* forward = std::get_if<core::ForwardPlan>(&plan.action)) {
    CHECK(forward->cluster.value < snapshot.clusters.size());
    CHECK(forward->retry != nullptr && forward->timeout >= core::Duration::zero());
    request.path = forward->path;
    request.authority = forward->authority;
    core::ApplyRequestHeaders(plan, request, input, arena);
    CheckSent(request);
  } else {
    const auto& answer = std::get<core::AnswerPlan>(plan.action);
    CHECK(answer.status >= 200 && answer.status <= 599);
    response.headers.AddBorrowed(core::HeaderName::kLocation, answer.location);
  }
  // The writer looks at fields alike in both roles.
  core::Head sent(arena);
  sent.method = "GET";
  sent.path = "/";
  sent.headers.ShareFrom(response.headers);
  CheckSent(sent);
}

// Every request that is shown to prove something is decided, by a rule that was written down.
void CheckWitnesses(const Loaded& loaded) {
  for (const Finding& finding : loaded.findings) {
    if (!finding.witness) continue;
    CHECK(finding.witness->target.starts_with('/'));
    CHECK(finding.witness->taken_by.mark.line > 0);
  }
}

FUZZ_TARGET(yaml_fuzz) {
  Loaded loaded = LoadSources({{"rules.yaml", std::string(input)}}, "default");
  CheckFindings(loaded, input);
  if (!loaded.ok) return;
  const auto snapshot = Compile(*loaded.documents, {});
  CHECK(snapshot != nullptr);
  for (const core::VirtualHost& host : snapshot->route_table.hosts()) {
    std::string authority = host.name;
    std::ranges::replace(authority, '*', 'a');
    for (const std::string_view path : {"/", "/v1/rank?user=7", "/v2//x%20y/?a=&b"}) Decide(*snapshot, authority, path);
  }
  AnalyzeRules(*loaded.documents, loaded.findings);
  CheckFindings(loaded, input);
  CheckWitnesses(loaded);
}

}  // namespace
}  // namespace sluice::config

#include "gateway/cases/case_run.h"

#include <optional>
#include <utility>

#include "config/diagnostics.h"
#include "config/format.h"
#include "core/plan/explanation.h"
#include "gateway/cases/share_count.h"
#include "gateway/explain/sample_json.h"

namespace sluice::gateway {
namespace {

using config::Format;

constexpr std::uint64_t kSeed = 1;
// An abort of 99% is still evaded.
constexpr int kFaultTries = 2000;
constexpr std::string_view kIdMark = "{id}";

std::string WithId(std::string text, const std::string& id) {
  for (std::size_t at = text.find(kIdMark); at != std::string::npos; at = text.find(kIdMark, at + id.size())) {
    text.replace(at, kIdMark.size(), id);
  }
  return text;
}

std::string AskedText(const core::SampleDecision& decision, const core::SampleRequest& request) {
  config::Witness witness{.method = request.method,
                          .scheme = request.scheme,
                          .authority = request.authority,
                          .target = request.target,
                          .headers = decision.received(),
                          .port = request.listener_port,
                          .taken_by = {}};
  return config::FormatWitness(witness);
}

std::string Condition(const core::ConditionTrace& failed) {
  const std::string saw = failed.saw ? Format("is \"{}\"", *failed.saw) : std::string("is missing");
  const bool without = failed.field.starts_with("withoutHeaders");
  return Format("{} {}, {} {}", failed.field, saw, without ? "must not be" : "wanted", failed.wanted);
}

// For each rule that was meant: the condition that failed, or the rule that came first.
std::vector<std::string> WhyNot(const core::Snapshot& snapshot, core::SampleDecision& decision,
                                const std::string& wanted, core::BucketHasher& hasher) {
  const auto explanation = core::Explain(snapshot, decision, hasher, std::nullopt);
  if (!explanation) return {explanation.error().Text()};
  std::vector<std::string> why;
  const core::Route* winner = decision.plan().route;
  bool reached = true;
  for (const core::RuleTrace& rule : explanation->rules) {
    if (NamesRule(*rule.route, wanted) && rule.route != winner) {
      if (rule.holds && !reached) why.push_back(RuleText(rule.route) + " would match, but comes later");
      for (const core::MatchTrace& match : rule.matches) {
        if (match.failed) why.push_back(RuleText(rule.route) + " does not match: " + Condition(*match.failed));
      }
    }
    reached = reached && rule.route != winner;
  }
  if (!why.empty()) return why;
  if (explanation->rules.empty()) return {"no VirtualService covers that host"};
  return {Format("no rule of that host is called {}", wanted)};
}

// What a reader needs about the first request that fails.
void Describe(const core::Snapshot& snapshot, const RouteCase& test, const core::SampleRequest& request,
              core::SampleDecision& decision, core::BucketHasher& hasher, CaseResult& result) {
  result.asked = AskedText(decision, request);
  result.decided_by = RuleText(decision.plan().route);
  const core::Route* winner = decision.plan().route;
  const bool other = test.expect.rule && (winner == nullptr || !NamesRule(*winner, *test.expect.rule));
  if (other && decision.refused_status() == 0) result.why = WhyNot(snapshot, decision, *test.expect.rule, hasher);
}

const core::Forward* ForwardOf(const core::SampleDecision& decision) {
  const core::Route* route = decision.plan().route;
  return route == nullptr ? nullptr : std::get_if<core::Forward>(&route->action);
}

// A draw for each share of the split that the request comes to; without a split, `draw`.
std::vector<std::uint64_t> DrawsOfShares(const core::Snapshot& snapshot, const core::SampleRequest& request,
                                         std::uint64_t draw, core::BucketHasher& hasher, core::Random& random) {
  const core::SampleDecision decision(snapshot, request, draw, hasher, random);
  const core::Forward* forward = ForwardOf(decision);
  if (forward == nullptr || forward->destinations.size() < 2) return {draw};
  std::vector<std::uint64_t> draws;
  for (const core::WeightedDestination& destination : forward->destinations) {
    if (destination.cumulative > 0) draws.push_back(destination.cumulative - 1);
  }
  return draws.empty() ? std::vector{draw} : draws;
}

// An injected abort that strikes only some requests, and has struck this one.
bool AbortedByChance(const core::SampleDecision& decision) {
  const auto* answer = std::get_if<core::AnswerPlan>(&decision.plan().action);
  return decision.refused_status() == 0 && answer != nullptr && answer->kind == core::AnswerPlan::Kind::kFaultAbort &&
         decision.plan().route->fault->abort_per_million < core::kPerMillion;
}

std::string SplitText(const core::SampleDecision& decision) {
  std::string shares;
  const auto& destinations = ForwardOf(decision)->destinations;
  const auto total = static_cast<double>(destinations.back().cumulative);
  for (const core::WeightedDestination& destination : destinations) {
    const std::string& name = destination.subset.empty() ? destination.host : destination.subset;
    shares += Format("{}{} {}", shares.empty() ? "" : ", ", name, PercentText(100.0 * destination.weight / total));
  }
  return "its rule splits: " + shares +
         "; what is expected must hold for each share, or say a draw, or shares over ids";
}

}  // namespace

core::Result<core::SampleRequest> RequestOf(const RouteCase& test, std::uint64_t id) {
  core::SampleRequest request = test.request;
  std::string url = test.url;
  std::string principal = test.principal;
  if (test.over) {
    const std::string text = std::to_string(id);
    for (std::string* part : {&request.method, &request.client_address, &request.sni, &url, &principal}) {
      *part = WithId(std::move(*part), text);
    }
    for (auto& [name, value] : request.headers) value = WithId(std::move(value), text);
  }
  if (core::Status set = SetUrl(url, request); !set) return std::unexpected(set.error());
  if (!principal.empty()) {
    if (core::Status set = SetPrincipal(principal, request); !set) return std::unexpected(set.error());
  }
  return request;
}

CaseResult RunCase(const core::Snapshot& snapshot, const RouteCase& test, core::BucketHasher& hasher) {
  CaseResult result;
  core::Random random(kSeed);
  ShareCount shares(test.expect);
  const Over over = test.over.value_or(Over{});
  for (std::uint64_t id = over.from; id < over.from + over.ids; ++id) {
    const auto request = RequestOf(test, id);
    if (!request) {
      result.failures.push_back({"request", "a URL", request.error().Text()});
      return result;
    }
    std::vector<std::uint64_t> draws = {test.draw ? *test.draw : random.Next()};
    if (!test.over && !test.draw) draws = DrawsOfShares(snapshot, *request, draws.front(), hasher, random);
    for (const std::uint64_t draw : draws) {
      std::optional<core::SampleDecision> decided;
      decided.emplace(snapshot, *request, draw, hasher, random);
      for (int tries = kFaultTries; !test.over && AbortedByChance(*decided) && tries > 0; --tries) {
        decided.emplace(snapshot, *request, draw, hasher, random);
      }
      core::SampleDecision& decision = *decided;
      ++result.requests;
      shares.Add(snapshot, decision);
      std::vector<CaseFailure> failures = CheckDecision(snapshot, decision, test);
      if (failures.empty() || ++result.failed_requests > 1) continue;
      result.failures = std::move(failures);
      if (test.over) result.first_id = id;
      Describe(snapshot, test, *request, decision, hasher, result);
      if (draws.size() > 1) result.why.push_back(SplitText(decision));
    }
  }
  for (CaseFailure& failure : shares.Check(result.requests)) result.failures.push_back(std::move(failure));
  return result;
}

std::string CaseLine(const CaseResult& result) {
  std::string line;
  for (const CaseFailure& failure : result.failures) {
    line += Format("{}{}: expected {}, got {}", line.empty() ? "" : "; ", failure.field, failure.wanted, failure.got);
  }
  if (result.first_id) {
    line += Format("; so for {} of {} requests, the first with id {}", result.failed_requests, result.requests,
                   *result.first_id);
  }
  if (!result.asked.empty()) line += "; asked: " + result.asked;
  for (const std::string& why : result.why) line += "; " + why;
  return line;
}

}  // namespace sluice::gateway

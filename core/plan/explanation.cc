#include "core/plan/explanation.h"

#include <algorithm>
#include <map>

#include "core/base/text.h"
#include "core/resilience/time_budget.h"

namespace sluice::core {
namespace {

std::string NameOf(const Route* route) {
  if (route == nullptr) return "no rule";
  return "rule " + std::to_string(route->rule_index) + " of " + route->virtual_service;
}

// The rule that the trace would choose must be the plan's. Refusals before the rules have chosen none.
Status CheckWinner(const std::vector<RuleTrace>& rules, const Plan& plan) {
  const auto won = std::ranges::find_if(rules, &RuleTrace::holds);
  const Route* const traced = won == rules.end() ? nullptr : won->route;
  if (traced != plan.route) {
    return TraceDiffers("the conditions lead to " + NameOf(traced) + ", the decision is " + NameOf(plan.route));
  }
  if (traced == nullptr) return {};
  const RouteMatch* const match = won->matches.empty() ? nullptr : won->matches.back().match;
  if (match != plan.match) return TraceDiffers("another match item of " + NameOf(traced) + " holds");
  return {};
}

Result<SplitTrace> TraceSplit(const SampleDecision& decision) {
  const Plan& plan = decision.plan();
  const auto& destinations = std::get<Forward>(plan.route->action).destinations;
  const auto* const planned = std::get_if<ForwardPlan>(&plan.action);
  SplitTrace split;
  split.total = destinations.empty() ? 0 : destinations.back().cumulative;
  const WeightedDestination* chosen = destinations.empty() ? nullptr : &destinations.front();
  if (plan.route->sticky) {
    const auto user = StickyUser(*plan.route->sticky, decision.head(), decision.input().query);
    if (user && !user->empty()) split.user = std::string(*user);
  }
  if (destinations.size() > 1) {
    split.by = split.user ? SplitTrace::By::kUser : SplitTrace::By::kDraw;
    split.point = split.total == 0 ? 0 : plan.draw % split.total;
  }
  if (split.by == SplitTrace::By::kUser) {
    chosen = planned == nullptr ? nullptr : planned->destination;  // its hash is compared, not an interval
  } else if (split.by == SplitTrace::By::kDraw) {
    std::uint64_t sum = 0;
    for (const WeightedDestination& destination : destinations) {
      sum += destination.weight;
      if (split.point >= sum) continue;
      chosen = &destination;
      break;
    }
  }
  if (planned != nullptr && planned->destination != chosen) return TraceDiffers("another share of the split is chosen");
  for (const WeightedDestination& destination : destinations) {
    split.shares.push_back({&destination, &destination == chosen});
  }
  return split;
}

void TraceMirrors(const Plan& plan, std::vector<MirrorTrace>& traces) {
  const auto* const planned = std::get_if<ForwardPlan>(&plan.action);
  for (const Mirror& mirror : std::get<Forward>(plan.route->action).mirrors) {
    MirrorTrace& trace = traces.emplace_back(MirrorTrace{&mirror, false});
    if (planned == nullptr) continue;
    const auto* const end = planned->mirrors.data() + planned->mirror_count;
    trace.selected = std::find(planned->mirrors.data(), end, &mirror) != end;
  }
}

using FieldMap = std::map<std::string, std::string>;

FieldMap FieldsOf(const HeaderMap& headers) {
  FieldMap fields;
  for (const HeaderMap::Field& field : headers.fields()) {
    auto [at, is_new] = fields.try_emplace(std::string(field.name), field.value);
    if (!is_new) at->second += "," + std::string(field.value);
  }
  return fields;
}

std::vector<HeaderChange> Changes(const FieldMap& before, const FieldMap& after) {
  std::vector<HeaderChange> changes;
  for (const auto& [name, value] : before) {
    const auto now = after.find(name);
    if (now == after.end()) {
      changes.push_back({name, value, std::nullopt});
    } else if (now->second != value) {
      changes.push_back({name, value, now->second});
    }
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name)) changes.push_back({name, std::nullopt, value});
  }
  return changes;
}

void TraceHeaders(SampleDecision& decision, Explanation& out) {
  const Plan& plan = decision.plan();
  FieldMap received;
  for (const auto& [name, value] : decision.received()) {
    auto [at, is_new] = received.try_emplace(Fold(name), Trim(value));
    if (!is_new) at->second += "," + std::string(Trim(value));
  }
  received.erase("host");
  if (plan.forwards()) {
    Head sent(decision.arena());
    sent.method = decision.head().method;
    sent.scheme = decision.head().scheme;
    sent.authority = decision.head().authority;
    sent.path = decision.head().path;
    sent.headers.CopyFrom(decision.head().headers);
    ApplyRequestHeaders(plan, sent, decision.input(), decision.arena());
    out.request_changes = Changes(received, FieldsOf(sent.headers));
  }
  Head answer(decision.arena());
  answer.status = 200;
  ApplyResponseHeaders(plan, decision.head(), answer, decision.input(), decision.arena());
  out.response_changes = Changes({}, FieldsOf(answer.headers));
  if (plan.route == nullptr) return;
  out.response_removes = plan.route->headers.response.remove;
  if (const auto* forward = std::get_if<ForwardPlan>(&plan.action)) {
    const auto& more = forward->destination->headers.response.remove;
    out.response_removes.insert(out.response_removes.end(), more.begin(), more.end());
  }
}

const RouteTable& TableOf(const Snapshot& snapshot, const PlanInput& input) {
  return input.entry == Entry::kServer ? snapshot.gateway_tables[input.server->table] : snapshot.route_table;
}

}  // namespace

std::unexpected<Error> TraceDiffers(std::string what) {
  return Fail(ErrorCode::kInternal, "the explanation and the decision differ: " + std::move(what),
              "this is a fault of sluice; please report the rules and the request");
}

Result<Explanation> Explain(const Snapshot& snapshot, SampleDecision& decision, BucketHasher& hasher,
                            std::optional<TimePoint> now) {
  Explanation out;
  const Plan& plan = decision.plan();
  if (decision.refused_status() != 0) return out;
  if (plan.host != nullptr) {
    if (TableOf(snapshot, decision.input()).FindHost(decision.head().authority) != plan.host) {
      return TraceDiffers("another virtual host covers the request");
    }
    const PlanInput& input = decision.input();
    const RouteInput route_input{&decision.head(), input.path, input.query, input.listener_port};
    out.rules = TraceRules(plan.host->routes, snapshot.routes, route_input, decision.arena());
    if (const Status same = CheckWinner(out.rules, plan); !same) return std::unexpected(same.error());
    auto experiments = TraceExperiments(snapshot, decision, hasher);
    if (!experiments) return std::unexpected(experiments.error());
    out.experiments = std::move(*experiments);
  }
  TraceHeaders(decision, out);
  if (plan.route == nullptr || !std::holds_alternative<Forward>(plan.route->action)) return out;
  Result<SplitTrace> split = TraceSplit(decision);
  if (!split) return std::unexpected(split.error());
  out.split = std::move(*split);
  TraceMirrors(plan, out.mirrors);
  if (const auto* forward = std::get_if<ForwardPlan>(&plan.action)) {
    out.endpoints = TraceEndpoints(snapshot, snapshot.clusters[forward->cluster.value], now);
    const TimeBudget budget =
        TimeBudget::Effective(GrpcTimeout(forward->client_timeout, forward->timeout), forward->retry->per_try_timeout);
    out.timeout = budget.timeout;
    out.per_try = budget.per_try;
  }
  return out;
}

}  // namespace sluice::core

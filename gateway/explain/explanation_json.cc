#include "gateway/explain/explanation_json.h"

#include <algorithm>
#include <array>
#include <string>

#include "config/duration.h"
#include "core/resilience/backoff.h"
#include "core/resilience/retry_policy.h"
#include "gateway/explain/explanation_parts.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::AnswerPlan;
using core::ForwardPlan;

// Zero means that there is none.
Json DurationJson(core::Duration duration) {
  return duration > core::Duration::zero() ? Json(config::FormatDuration(duration)) : Json();
}

Json LimitJson(std::uint32_t limit) { return limit == core::ConnectionPoolPolicy::kUnlimited ? Json() : Json(limit); }

const char* ActionText(const core::SampleDecision& decision) {
  if (decision.refused_status() != 0) return "refuse";
  if (decision.plan().forwards()) return "forward";
  switch (std::get<AnswerPlan>(decision.plan().action).kind) {
    case AnswerPlan::Kind::kNoRoute: return "no route";
    case AnswerPlan::Kind::kNoCluster: return "no such destination";
    case AnswerPlan::Kind::kRedirect: return "redirect";
    case AnswerPlan::Kind::kDirectResponse: return "direct response";
    case AnswerPlan::Kind::kCorsPreflight: return "preflight answer";
    case AnswerPlan::Kind::kFaultAbort: return "injected abort";
    case AnswerPlan::Kind::kDenied: return "deny";
    case AnswerPlan::Kind::kMisdirected: return "misdirected";
    case AnswerPlan::Kind::kHttpsRedirect: return "redirect to https";
    case AnswerPlan::Kind::kUriTooLong: return "rewritten path too long";
  }
  return "";
}

Json FaultJson(const core::Route& route, const core::Plan& plan) {
  if (!route.fault) return Json();
  const core::Fault& fault = *route.fault;
  Json json = Json::object();
  if (fault.delay_per_million > 0) {
    json["delay"] = {{"fixed", DurationJson(fault.delay)},
                     {"percent", Percent(fault.delay_per_million, core::kPerMillion)},
                     {"drawn", plan.fault_delay > core::Duration::zero()}};
  }
  if (fault.abort_per_million > 0) {
    const auto* const answer = std::get_if<AnswerPlan>(&plan.action);
    json["abort"] = {{"http_status", fault.abort_http_status ? Json(*fault.abort_http_status) : Json()},
                     {"grpc_status", fault.abort_grpc_status ? Json(*fault.abort_grpc_status) : Json()},
                     {"percent", Percent(fault.abort_per_million, core::kPerMillion)},
                     {"drawn", answer != nullptr && answer->kind == AnswerPlan::Kind::kFaultAbort}};
  }
  return json;
}

Json RetriesJson(const core::RetryPolicy& retry) {
  constexpr std::uint32_t kPausesMax = 8;  // they stop growing long before
  Json pauses = Json::array();
  core::Random unused(0);
  core::Backoff backoff(retry.backoff_base);
  for (std::uint32_t i = 0; i < std::min(retry.attempts, kPausesMax); ++i) {
    pauses.push_back(config::FormatDuration(backoff.bound()));
    backoff.Next(unused);
  }
  return {{"attempts", retry.attempts},
          {"retry_on", core::FormatRetryOn(retry)},
          {"backoff_below", std::move(pauses)},
          {"avoids_previous_hosts", retry.avoid_previous_hosts}};
}

Json ChangesJson(const std::vector<core::HeaderChange>& changes) {
  Json all = Json::array();
  for (const core::HeaderChange& change : changes) {
    all.push_back({{"name", change.name},
                   {"before", change.before ? Json(*change.before) : Json()},
                   {"after", change.after ? Json(*change.after) : Json()}});
  }
  return all;
}

const char* PolicyText(core::LbPolicy policy) {
  switch (policy) {
    case core::LbPolicy::kLeastRequest: return "LEAST_REQUEST";
    case core::LbPolicy::kRoundRobin: return "ROUND_ROBIN";
    case core::LbPolicy::kRandom: return "RANDOM";
    case core::LbPolicy::kRingHash: return "RING_HASH";
    case core::LbPolicy::kMaglev: return "MAGLEV";
  }
  return "";
}

Json EndpointsJson(const core::Explanation& explanation) {
  Json endpoints = Json::array();
  for (const core::EndpointTrace& trace : explanation.endpoints) {
    endpoints.push_back({{"address", trace.endpoint->host_port},
                         {"version", trace.endpoint->version},
                         {"weight", trace.endpoint->weight},
                         {"candidate", trace.candidate},
                         {"out", TextOrNull(trace.out)}});
  }
  return endpoints;
}

Json DestinationJson(const core::Cluster& cluster, const ForwardPlan& forward, const core::Explanation& explanation,
                     bool live) {
  Json limits = {{"max_connections", LimitJson(cluster.pool.max_connections)},
                 {"max_pending_requests", LimitJson(cluster.pool.max_pending_requests)},
                 {"max_requests", LimitJson(cluster.pool.max_requests)},
                 {"max_retries", LimitJson(cluster.pool.max_retries)},
                 {"connect_timeout", DurationJson(cluster.pool.connect_timeout)}};
  Json json = {{"cluster", cluster.name},
               {"host", cluster.service_host},
               {"port", cluster.port},
               {"subset", TextOrNull(cluster.subset)},
               {"load_balancer", PolicyText(cluster.load_balancer.policy)},
               {"path", std::string(forward.path)},
               {"authority", std::string(forward.authority)},
               {"rewritten", !forward.original_path.empty() || !forward.original_host.empty()},
               {"endpoints", EndpointsJson(explanation)},
               {"endpoints_are", live ? "live" : "as written"},
               {"limits", std::move(limits)},
               {"tls", cluster.tls.has_value()}};
  if (forward.has_hash) json["hash"] = std::to_string(forward.hash);
  return json;
}

Json RequestJson(const core::SampleDecision& decision) {
  const core::PlanInput& input = decision.input();
  const core::Head& head = decision.head();
  Json fields = Json::array();
  for (const auto& [name, value] : decision.received()) fields.push_back(Json::array({name, value}));
  std::string place = "the process's own port";
  if (input.entry == core::Entry::kServer) place = "server " + input.server->name;
  if (input.entry == core::Entry::kNoServer) place = "a port where no server has that host";
  if (input.entry == core::Entry::kOtherServer) place = "a connection made for another server";
  return {{"method", std::string(head.method)},
          {"scheme", std::string(head.scheme)},
          {"authority", std::string(head.authority)},
          {"path", std::string(head.path)},
          {"headers", std::move(fields)},
          {"client_address", TextOrNull(input.client_address)},
          {"port", input.listener_port == 0 ? Json() : Json(input.listener_port)},
          {"sni", TextOrNull(input.sni)},
          {"principal", input.peer == nullptr ? Json() : Json(input.peer->spiffe.text)},
          {"place", std::move(place)}};
}

Json AuthorizationJson(const core::Snapshot& snapshot, const core::Plan& plan) {
  const core::Authorization& policies = snapshot.authorization;
  if (policies.empty()) return Json();
  const auto* const answer = std::get_if<AnswerPlan>(&plan.action);
  const bool denied = answer != nullptr && answer->kind == AnswerPlan::Kind::kDenied;
  return {{"allowed", !denied},
          {"details", denied ? TextOrNull(answer->details) : Json()},
          {"dry_run_denied", plan.dry_run_denied},
          {"deny_policies", policies.deny.size()},
          {"allow_policies", policies.allow.size()}};
}

void FillForward(const core::Snapshot& snapshot, const ForwardPlan& forward, const core::Explanation& explanation,
                 bool live, Json& json) {
  json["destination"] = DestinationJson(snapshot.clusters[forward.cluster.value], forward, explanation, live);
  json["timeouts"] = {{"route", DurationJson(forward.timeout)},
                      {"client", DurationJson(forward.client_timeout)},
                      {"per_try", DurationJson(forward.retry->per_try_timeout)},
                      {"effective", DurationJson(explanation.timeout)},
                      {"effective_per_try", DurationJson(explanation.per_try)}};
  json["retries"] = RetriesJson(*forward.retry);
}

}  // namespace

Json DecisionJson(const core::Snapshot& snapshot, const core::SampleDecision& decision) {
  const core::Plan& plan = decision.plan();
  Json json = {{"action", ActionText(decision)},
               {"method", std::string(decision.head().method)},
               {"authority", std::string(decision.head().authority)},
               {"path", std::string(decision.head().path)},
               {"mirrors", 0}};
  for (const char* key :
       {"virtual_service", "rule_index", "route_name", "rule_match", "file", "line", "split_draw", "subset",
        "upstream_cluster", "experiment", "arm", "bucket", "response_code", "response_code_details", "location"}) {
    json[key] = nullptr;
  }
  if (decision.refused_status() != 0) {
    json["response_code"] = decision.refused_status();
    json["response_code_details"] = std::string(decision.refused_details());
    return json;
  }
  if (const core::Route* route = plan.route) {
    json["virtual_service"] = TextOrNull(route->virtual_service);
    if (!route->virtual_service.empty()) json["rule_index"] = route->rule_index;
    json["route_name"] = TextOrNull(route->name);
    if (plan.match != nullptr) json["rule_match"] = TextOrNull(plan.match->name);
    json["file"] = TextOrNull(route->file);
    json["line"] = route->line;
    json["split_draw"] = std::to_string(plan.draw);
  }
  if (plan.experiment != nullptr) {
    json["experiment"] = plan.experiment->name;
    json["bucket"] = plan.bucket;
    json["arm"] = TextOrNull(core::ArmName(plan));
  }
  if (const auto* forward = std::get_if<ForwardPlan>(&plan.action)) {
    const core::Cluster& cluster = snapshot.clusters[forward->cluster.value];
    json["subset"] = TextOrNull(cluster.subset);
    json["upstream_cluster"] = cluster.name;
    json["mirrors"] = forward->mirror_count;
  } else {
    const auto& answer = std::get<AnswerPlan>(plan.action);
    json["response_code"] = answer.status;
    json["response_code_details"] = std::string(answer.details);
    json["location"] = TextOrNull(answer.location);
  }
  return json;
}

Json ExplanationJson(const core::Snapshot& snapshot, const core::SampleDecision& decision,
                     const core::Explanation& explanation, bool live) {
  const core::Plan& plan = decision.plan();
  Json json = {
      {"request", RequestJson(decision)},
      {"decision", DecisionJson(snapshot, decision)},
      {"revision", snapshot.revision},
      {"host", Json()},
      {"authorization", AuthorizationJson(snapshot, plan)},
      {"rules", RulesJson(explanation)},
      {"experiments", ExperimentsJson(explanation)},
      {"split", explanation.split ? SplitJson(*explanation.split, plan, decision.input().draw.has_value()) : Json()},
      {"mirrors", MirrorsJson(explanation, plan)},
      {"fault", plan.route == nullptr ? Json() : FaultJson(*plan.route, plan)},
      {"destination", Json()},
      {"timeouts", Json()},
      {"retries", Json()},
      {"headers",
       {{"request", ChangesJson(explanation.request_changes)},
        {"response", ChangesJson(explanation.response_changes)},
        {"response_removed", explanation.response_removes}}}};
  if (plan.host != nullptr) json["host"] = plan.host->hosts;
  if (const auto* forward = std::get_if<ForwardPlan>(&plan.action)) {
    FillForward(snapshot, *forward, explanation, live, json);
  }
  return json;
}

}  // namespace sluice::gateway

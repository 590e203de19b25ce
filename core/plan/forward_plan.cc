#include "core/plan/forward_plan.h"

#include <optional>
#include <type_traits>

#include "core/http/cookie.h"
#include "core/http/field_text.h"
#include "core/http/grpc_timeout.h"
#include "core/http/query_string.h"
#include "core/plan/affinity.h"
#include "core/route/cors.h"
#include "core/route/header_ops.h"
#include "core/route/redirect.h"
#include "core/route/rewrite.h"
#include "core/route/traffic_split.h"
#include "core/upstream/affinity_hash.h"

namespace sluice::core {
namespace {

static_assert(std::is_trivially_copyable_v<Plan>, "a plan is handed around by value");

// What every step of one decision looks at.
struct Request {
  const Snapshot& snapshot;
  Head& head;
  const PlanInput& input;
  Random& random;
  Arena& arena;
};

AnswerPlan Answer(AnswerPlan::Kind kind, std::uint16_t status, std::string_view flag, std::string_view details) {
  AnswerPlan answer;
  answer.kind = kind;
  answer.status = status;
  answer.flag = flag;
  answer.details = details;
  return answer;
}

AnswerPlan NoCluster() { return Answer(AnswerPlan::Kind::kNoCluster, 503, "NC", "cluster_not_found"); }

bool Hit(Random& random, std::uint32_t per_million) {
  return per_million > 0 && random.Below(kPerMillion) < per_million;
}

// Delay and abort are drawn apart (section 1.3, fault). The answer, if the request is aborted.
std::optional<AnswerPlan> InjectFault(const Fault& fault, Random& random, Plan& plan) {
  if (Hit(random, fault.delay_per_million)) plan.fault_delay = fault.delay;
  if (!Hit(random, fault.abort_per_million)) return std::nullopt;
  AnswerPlan answer =
      Answer(AnswerPlan::Kind::kFaultAbort, fault.abort_http_status.value_or(200), "FI", "fault_filter_abort");
  answer.body = "fault filter abort";
  answer.has_grpc_status = fault.abort_grpc_status.has_value();
  answer.grpc_status = fault.abort_grpc_status.value_or(0);
  return answer;
}

std::optional<AnswerPlan> DecideCors(const CorsPolicy& policy, const Head& request, Plan& plan) {
  const CorsVerdict verdict = CheckCors(policy, request);
  if (verdict == CorsVerdict::kNone) return std::nullopt;
  if (verdict != CorsVerdict::kPreflightIgnored) plan.cors = &policy;
  if (verdict == CorsVerdict::kAllowed) return std::nullopt;
  return Answer(AnswerPlan::Kind::kCorsPreflight, 200, "", "cors_preflight");
}

const WeightedDestination& ChooseDestination(const Route& route, const Forward& forward, const Request& request,
                                             std::uint64_t draw) {
  if (forward.destinations.size() == 1) return forward.destinations.front();
  if (route.sticky) {
    const auto user = StickyUser(*route.sticky, request.head, request.input.query);
    if (user && !user->empty()) {
      return ChooseByUser(forward.destinations, AffinityHash(*user, AffinityHash(route.sticky->salt)));
    }
  }
  return ChooseByDraw(forward.destinations, draw);
}

// The arm of an experiment on the destination's host replaces its subset, nothing else.
ClusterId ChooseCluster(const WeightedDestination& destination, const Request& request, Plan& plan) {
  const Assignment* const assigned = plan.assignments.ForDestination(destination.host, plan.route->name);
  if (assigned == nullptr) return destination.cluster;
  plan.applied = assigned;
  plan.experiment = assigned->experiment;
  plan.arm = assigned->arm;
  plan.bucket = assigned->bucket;
  if (assigned->arm->subset == destination.subset) return destination.cluster;
  return request.snapshot.FindCluster(destination.host, destination.port, assigned->arm->subset);
}

// The target as it goes upstream when no rule changes it: what the decision was made on, so the normalised path.
std::string_view SentPath(const Request& request) {
  const std::string_view sent = request.head.path;
  const std::string_view path = request.input.path;
  const std::string_view query = request.input.query;
  if (sent.starts_with(path)) {
    const std::string_view rest = sent.substr(path.size());
    if (rest.empty() || (rest.front() == '?' && rest.substr(1) == query)) return sent;
  }
  return JoinQuery(path, query, request.arena);
}

bool HasRewrite(const Rewrite& rewrite) { return rewrite.uri || rewrite.compiled_regex != nullptr; }

// False when the rewritten path is too long.
bool FillTarget(const Forward& forward, const Request& request, const Plan& plan, ForwardPlan& out) {
  if (!HasRewrite(forward.rewrite)) {
    out.path = SentPath(request);
    return true;
  }
  const auto path = RewritePath(forward.rewrite, plan.match, request.input.path, request.arena);
  if (!path) return false;
  out.path = JoinQuery(*path, request.input.query, request.arena);
  out.original_path = request.head.path;
  return true;
}

// rewrite.authority, or a set of `host` among the header operations: config lets only one place do it.
void FillAuthority(const Forward& forward, const Request& request, const Plan& plan, ForwardPlan& out) {
  out.authority = request.head.authority;
  const std::string* authority = forward.rewrite.authority ? &*forward.rewrite.authority : nullptr;
  if (authority == nullptr) authority = FindAuthorityOp(plan.route->headers.request);
  if (authority == nullptr) authority = FindAuthorityOp(out.destination->headers.request);
  if (authority == nullptr) return;
  const HeaderFormatContext context{&request.head, nullptr, request.input.client_address, plan.route->name};
  const std::string_view value = FormatHeaderValue(*authority, context, request.arena);
  // It may be made of what the client sent: what is no authority leaves the client's own in place.
  if (value.empty() || !IsVisibleText(value)) return;
  out.authority = value;
  out.original_host = request.head.authority;
}

void PlanForward(const Forward& forward, const Request& request, Plan& plan) {
  if (forward.destinations.empty()) {
    plan.action = NoCluster();
    return;
  }
  ForwardPlan out;
  out.destination = &ChooseDestination(*plan.route, forward, request, plan.draw);
  out.cluster = ChooseCluster(*out.destination, request, plan);
  if (!out.cluster.valid()) {
    plan.action = NoCluster();
    return;
  }
  if (!FillTarget(forward, request, plan, out)) {
    plan.action = Answer(AnswerPlan::Kind::kUriTooLong, 414, "", "rewritten_path_too_long");
    return;
  }
  FillAuthority(forward, request, plan, out);
  if (request.head.method != "CONNECT") {  // its bytes are no message to copy (section 1.7, timing)
    out.mirror_count = SelectMirrors(forward.mirrors, plan.draw, out.mirrors);
  }
  out.timeout = forward.timeout;
  out.client_timeout = AskedGrpcTimeout(request.head);
  out.retry = &forward.retry;
  const LoadBalancerPolicy& balancer = request.snapshot.clusters[out.cluster.value].load_balancer;
  if (balancer.hash) {
    const Affinity affinity = FindAffinity(*balancer.hash, request.head, request.input.query,
                                           request.input.client_address, request.random, request.arena);
    out.has_hash = affinity.found;
    out.hash = affinity.hash;
    out.set_cookie = affinity.set_cookie;
  }
  plan.action = out;
}

AnswerPlan PlanRedirect(const Redirect& redirect, const RouteInput& input, const Request& request, const Plan& plan) {
  AnswerPlan answer = Answer(AnswerPlan::Kind::kRedirect, redirect.code, "", "direct_response");
  answer.location = RedirectLocation(redirect, plan.match, input, request.arena);
  return answer;
}

AnswerPlan PlanDirectResponse(const DirectResponse& response) {
  AnswerPlan answer = Answer(AnswerPlan::Kind::kDirectResponse, response.status, "", "direct_response");
  answer.body = response.body;
  return answer;
}

void PlanAction(const RouteInput& input, const Request& request, Plan& plan) {
  const Route& route = *plan.route;
  if (route.fault) {
    if (const auto answer = InjectFault(*route.fault, request.random, plan)) {
      plan.action = *answer;
      return;
    }
  }
  if (route.cors) {
    if (const auto answer = DecideCors(*route.cors, request.head, plan)) {
      plan.action = *answer;
      return;
    }
  }
  if (const auto* forward = std::get_if<Forward>(&route.action)) {
    PlanForward(*forward, request, plan);
  } else if (const auto* redirect = std::get_if<Redirect>(&route.action)) {
    plan.action = PlanRedirect(*redirect, input, request, plan);
  } else {
    plan.action = PlanDirectResponse(std::get<DirectResponse>(route.action));
  }
}

HeaderFormatContext FormatContext(const Plan& plan, const Head& request, const Head* response, const PlanInput& input) {
  return {&request, response, input.client_address, plan.route->name};
}

struct OpsOrder {
  const HeaderOps& first;
  const HeaderOps& second;
  bool merged;
};

// A lone destination's operations come after the rule's, in one list; of several destinations the chosen one's come
// first and the rule has the last word (section 1.6).
OpsOrder Order(const Plan& plan, HeaderOps HeaderOpsPair::* side) {
  static const HeaderOps kNone;
  const HeaderOps& rule = plan.route->headers.*side;
  const auto* const forward = std::get_if<ForwardPlan>(&plan.action);
  if (forward == nullptr) return {rule, kNone, true};
  const HeaderOps& destination = forward->destination->headers.*side;
  const bool lone = std::get<Forward>(plan.route->action).destinations.size() == 1;
  return lone ? OpsOrder{rule, destination, true} : OpsOrder{destination, rule, false};
}

// What the server that the request came to says before any rule: 421 for the Host of another one (RFC 9110 section
// 15.5.20), httpsRedirect.
std::optional<AnswerPlan> AnswerAtServer(const Request& request) {
  const Entry entry = request.input.entry;
  if (entry == Entry::kOtherServer) return Answer(AnswerPlan::Kind::kMisdirected, 421, "", "misdirected_request");
  if (entry != Entry::kServer || !request.input.server->https_redirect) return std::nullopt;
  static const Redirect kToHttps = [] {
    Redirect redirect;
    redirect.scheme = "https";
    redirect.derive_port = Redirect::DerivePort::kFromProtocolDefault;
    return redirect;
  }();
  const RouteInput input{&request.head, request.input.path, request.input.query, request.input.listener_port};
  AnswerPlan answer = Answer(AnswerPlan::Kind::kHttpsRedirect, 301, "", "https_redirect");
  answer.location = RedirectLocation(kToHttps, nullptr, input, request.arena);
  return answer;
}

std::optional<AnswerPlan> AnswerIfDenied(const Request& request, Plan& plan) {
  const Authorization& policies = request.snapshot.authorization;
  if (policies.empty()) return std::nullopt;
  const PlanInput& input = request.input;
  const AuthorizationVerdict verdict = Authorize(policies,
                                                 {.head = request.head,
                                                  .path = input.path,
                                                  .peer = input.peer,
                                                  .peer_address = input.peer_address,
                                                  .client_address = input.client_address,
                                                  .local_address = input.local_address,
                                                  .local_port = input.listener_port,
                                                  .server_name = input.sni},
                                                 request.arena);
  plan.dry_run_denied = verdict.dry_run_denied;
  if (verdict.allowed) return std::nullopt;
  AnswerPlan answer = Answer(AnswerPlan::Kind::kDenied, 403, "", verdict.details);
  answer.body = "RBAC: access denied";
  return answer;
}

}  // namespace

std::string_view ArmName(const Plan& plan) {
  if (plan.arm != nullptr) return plan.arm->name;
  const Assignment* const first = plan.assignments.first();
  return first != nullptr && first->by == AssignedBy::kHoldout ? kHoldoutArm : std::string_view();
}

std::optional<std::string_view> StickyUser(const Sticky& sticky, const Head& request, std::string_view query) {
  switch (sticky.source) {
    case Sticky::Source::kHeader: return request.headers.Find(sticky.name);
    case Sticky::Source::kCookie: return FindCookie(request.headers, sticky.name);
    case Sticky::Source::kQuery: return FindQueryValue(query, sticky.name);
  }
  return std::nullopt;
}

Plan MakePlan(const Snapshot& snapshot, Head& request, const PlanInput& input, BucketHasher& hasher, Random& random,
              Arena& arena) {
  const Request context{snapshot, request, input, random, arena};
  Plan plan;
  plan.draw = input.draw ? *input.draw : random.Next();
  if (const auto answer = AnswerAtServer(context)) {
    plan.action = *answer;
    return plan;
  }
  if (const auto answer = AnswerIfDenied(context, plan)) {
    plan.action = *answer;
    return plan;
  }
  if (input.entry == Entry::kNoServer) {
    plan.action = Answer(AnswerPlan::Kind::kNoRoute, 404, "NR", "route_not_found");
    return plan;
  }
  const RouteTable& table =
      input.entry == Entry::kOwnPort ? snapshot.route_table : snapshot.gateway_tables[input.server->table];
  plan.host = table.FindHost(request.authority);
  const std::span<const ExperimentId> experiments =
      plan.host == nullptr ? std::span<const ExperimentId>() : plan.host->experiments;
  const RouteInput route_input{&request, input.path, input.query, input.listener_port};
  plan.assignments = AssignExperiments(experiments, snapshot.experiments, request, route_input, hasher, random, arena);
  if (const Assignment* first = plan.assignments.first()) {
    plan.experiment = first->experiment;
    plan.arm = first->arm;
    plan.bucket = first->bucket;
  }
  const RouteHit hit = plan.host == nullptr ? RouteHit{} : table.Match(*plan.host, route_input, snapshot.routes, arena);
  if (!hit) {
    plan.action = Answer(AnswerPlan::Kind::kNoRoute, 404, "NR", "route_not_found");
    return plan;
  }
  plan.route = hit.route;
  plan.match = hit.match;
  PlanAction(route_input, context, plan);
  return plan;
}

void ApplyRequestHeaders(const Plan& plan, Head& request, const PlanInput& input, Arena& arena) {
  const auto* const forward = std::get_if<ForwardPlan>(&plan.action);
  if (forward == nullptr) return;
  const OpsOrder order = Order(plan, &HeaderOpsPair::request);
  ApplyHeaderOps(order.first, order.second, order.merged, request.headers, FormatContext(plan, request, nullptr, input),
                 arena);
  if (!forward->original_path.empty()) {
    request.headers.Set(HeaderName::kXEnvoyOriginalPath, forward->original_path);
  }
  if (!forward->original_host.empty()) {
    request.headers.Set(HeaderName::kXEnvoyOriginalHost, forward->original_host);
  }
}

void ApplyResponseHeaders(const Plan& plan, const Head& request, Head& response, const PlanInput& input, Arena& arena) {
  if (plan.route == nullptr) return;
  const auto* const answer = std::get_if<AnswerPlan>(&plan.action);
  const bool preflight = answer != nullptr && answer->kind == AnswerPlan::Kind::kCorsPreflight;
  const bool by_rule = answer == nullptr || answer->kind == AnswerPlan::Kind::kRedirect ||
                       answer->kind == AnswerPlan::Kind::kDirectResponse;
  if (by_rule) {
    const OpsOrder order = Order(plan, &HeaderOpsPair::response);
    ApplyHeaderOps(order.first, order.second, order.merged, response.headers,
                   FormatContext(plan, request, &response, input), arena);
  }
  if (const auto* forward = std::get_if<ForwardPlan>(&plan.action); forward && !forward->set_cookie.empty()) {
    response.headers.AddBorrowed(HeaderName::kSetCookie, forward->set_cookie);
  }
  if (by_rule) {
    for (const std::string_view cookie : plan.assignments.set_cookies) {
      response.headers.AddBorrowed(HeaderName::kSetCookie, cookie);
    }
  }
  if (plan.cors != nullptr) AddCorsHeaders(*plan.cors, request, preflight, response, arena);
}

}  // namespace sluice::core

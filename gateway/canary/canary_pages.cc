#include "gateway/canary/canary_pages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/text.h"
#include "gateway/api/page_json.h"
#include "gateway/canary/canary_controller.h"
#include "gateway/canary/canary_run.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr std::string_view kRoot = "/sluice/v1/canaries";
constexpr std::uint64_t kEventsShown = 20;
constexpr std::size_t kMessageMax = 1024;  // bytes; it becomes part of the reason

double Seconds(core::Duration duration) { return std::chrono::duration<double>(duration).count(); }

// A number that JSON knows.
Json Finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json GateJson(const core::GateVerdict& verdict) {
  const bool latency = verdict.gate == core::GateVerdict::Gate::kLatency;
  const double scale = latency ? 0.001 : 1;  // microseconds are told as milliseconds
  const core::Regression& numbers = verdict.numbers;
  return {{"gate", latency ? "latency" : "errorRate"},
          {"quantile", latency ? Json(verdict.quantile) : Json()},
          {"champion", Finite(numbers.champion * scale)},
          {"challenger", Finite(numbers.challenger * scale)},
          {"low", Finite(numbers.difference.low)},
          {"high", Finite(numbers.difference.high)},
          {"logEvidence", Finite(numbers.log_evidence)},
          {"threshold", verdict.alpha > 0 ? Finite(-std::log(verdict.alpha)) : Json()},
          {"broken", verdict.broken},
          {"beyond", numbers.beyond}};
}

const char* PauseText(core::PauseCause cause) {
  switch (cause) {
    case core::PauseCause::kNone: break;
    case core::PauseCause::kPerson: return "person";
    case core::PauseCause::kForeignEdit: return "foreignEdit";
  }
  return "";
}

const char* ReadingText(core::PrometheusReading::State state) {
  using State = core::PrometheusReading::State;
  switch (state) {
    case State::kNone: return "notAsked";
    case State::kFine: return "fine";
    case State::kBad: return "bad";
    case State::kBroken: return "broken";
    case State::kNoData: return "noData";
  }
  return "";
}

Json PrometheusJson(const CanaryRun& run) {
  Json list = Json::array();
  const auto& gates = run.document().spec.prometheus;
  const auto readings = run.Readings();
  for (std::size_t i = 0; i < gates.size() && i < readings.size(); ++i) {
    list.push_back({{"name", gates[i].name},
                    {"state", ReadingText(readings[i].state)},
                    {"value", Finite(readings[i].value)},
                    {"text", readings[i].text}});
  }
  return list;
}

Json StatusJson(const CanaryRun& run) {
  const config::CanaryDocument& document = run.document();
  const core::CanaryState& state = run.machine().state();
  Json stages = Json::array();
  for (const core::CanaryStage& stage : document.spec.stages) {
    stages.push_back({{"weight", stage.weight}, {"holdSeconds", Seconds(stage.hold)}});
  }
  return {{"namespace", document.meta.name_space},
          {"name", document.meta.name},
          {"virtualService", document.virtual_service.fqdn},
          {"route", document.route},
          {"champion", document.champion},
          {"challenger", document.challenger},
          {"phase", core::CanaryPhaseText(state.phase)},
          {"pauseCause", PauseText(state.pause)},
          {"stage", state.stage},
          {"stages", std::move(stages)},
          {"heldSeconds", Seconds(state.held)},
          {"weight", run.Weight()},
          {"reason", run.Reason()},
          {"since", run.row().since_us / 1'000'000},
          {"verdict", run.VerdictJson()},
          {"prometheus", PrometheusJson(run)}};
}

AdminAnswer NotFound(const std::string& what) {
  return PageError(404, {core::ErrorCode::kNotFound, what, "`sluice canary status` lists what there is"});
}

bool IsVerb(std::string_view verb) {
  constexpr std::array<std::string_view, 5> kVerbs = {"start", "pause", "resume", "promote", "abort"};
  return std::ranges::find(kVerbs, verb) != kVerbs.end();
}

}  // namespace

bool IsCanaryPath(std::string_view path) {
  return path.starts_with(kRoot) && (path.size() == kRoot.size() || path[kRoot.size()] == '/');
}

Json ToJson(const core::Verdict& verdict) {
  Json gates = Json::array();
  for (const core::GateVerdict& gate : verdict.gates) gates.push_back(GateJson(gate));
  return {{"championRequests", verdict.champion_requests},
          {"challengerRequests", verdict.challenger_requests},
          {"enough", verdict.enough},
          {"gates", std::move(gates)}};
}

AdminAnswer CanaryController::List() const {
  Json canaries = Json::array();
  for (const auto& [id, run] : runs_) canaries.push_back(StatusJson(*run));
  return JsonAnswerOf(200, {{"canaries", std::move(canaries)}});
}

AdminAnswer CanaryController::One(const AdminRequest& request, const CanaryRun& run) const {
  const auto asked = core::ParseDecimal(request.Parameter("events").value_or(std::to_string(kEventsShown)));
  if (!asked) return PageError(400, {core::ErrorCode::kInvalidArgument, "events is no number", ""});
  const auto events = world_.store->Events(run.id(), std::min<std::uint64_t>(*asked, CanaryStore::kEventsMax));
  if (!events) return PageError(StatusOf(events.error().code), events.error());
  Json status = StatusJson(run);
  Json list = Json::array();
  for (const CanaryEvent& event : *events) list.push_back(ToJson(event));
  status["events"] = std::move(list);
  return JsonAnswerOf(200, status);
}

core::Status CanaryController::Ask(CanaryRun& run, std::string_view verb, const Json& body, const std::string& who) {
  const std::string message = TextAt(body, "message");
  if (verb == "pause") return run.Pause(who, message);
  const core::TimePoint now = clock_.Now();
  if (verb == "promote") return run.Promote(FlagAt(body, "full"), who, message, now);
  if (verb == "abort") return run.Abort(who, message, now);
  if (core::Status free = RouteIsFree(run); !free) return free;
  return verb == "start" ? run.Start(who, message, now) : run.Resume(who, message, now);
}

// "start", "pause" ... of a run, by who may write.
AdminAnswer CanaryController::Post(const AdminRequest& request, const std::string& id, std::string_view verb,
                                   std::string_view author) {
  const auto run = runs_.find(id);
  if (run == runs_.end()) return NotFound("there is no canary " + id);
  if (!IsVerb(verb)) return NotFound("there is no page " + std::string(request.path));
  Json body = Json::object();
  if (!request.body.empty()) {
    auto parsed = BodyOf(request);
    if (!parsed) return PageError(400, parsed.error());
    body = std::move(*parsed);
  }
  if (TextAt(body, "message").size() > kMessageMax) {
    return PageError(400, {core::ErrorCode::kInvalidArgument,
                           "`message` is longer than " + std::to_string(kMessageMax) + " bytes", ""});
  }
  if (core::Status done = Ask(*run->second, verb, body, std::string(author)); !done) {
    return PageError(done.error().code == core::ErrorCode::kIo ? 507 : 409, done.error());
  }
  return JsonAnswerOf(200, StatusJson(*run->second));
}

AdminAnswer CanaryController::Get(const AdminRequest& request, const std::string& id, std::string_view verb) const {
  if (id.empty()) return List();
  const auto run = runs_.find(id);
  if (run != runs_.end() && verb.empty()) return One(request, *run->second);
  return NotFound("there is no canary " + id + (verb.empty() ? "" : '/' + std::string(verb)));
}

AdminAnswer CanaryController::Answer(const AdminRequest& request, std::string_view author, bool may_write) {
  if (!started_) {
    return PageError(503,
                     {core::ErrorCode::kIo, "canaries do not run", "the gateway's log says what is wrong with them"});
  }
  FollowDocuments();  // a canary that was applied just now can be started
  const std::string_view rest = request.path.substr(std::min(kRoot.size() + 1, request.path.size()));
  const std::size_t slash = rest.find('/');
  const std::size_t second = slash == std::string_view::npos ? slash : rest.find('/', slash + 1);
  const std::string id(rest.substr(0, second));
  const std::string_view verb = second == std::string_view::npos ? std::string_view() : rest.substr(second + 1);
  if (request.method == "GET" || request.method == "HEAD") return Get(request, id, verb);
  if (request.method != "POST" || rest.empty()) {
    const std::string_view wanted = rest.empty() ? "this page wants GET" : "this page wants GET or POST";
    return PageError(405, {core::ErrorCode::kInvalidArgument, std::string(wanted), ""});
  }
  if (!may_write) return NeedsToken();
  return Post(request, id, verb, author);
}

}  // namespace sluice::gateway

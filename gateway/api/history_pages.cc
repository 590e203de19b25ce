#include "gateway/api/history_pages.h"

#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "config/resource_kind.h"
#include "gateway/api/change_pages.h"
#include "gateway/api/page_json.h"
#include "gateway/store/semantic_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;
using config::ResourceKey;

constexpr std::string_view kRoot = "/sluice/v1/";
constexpr std::uint64_t kHistoryMax = 1000;  // entries in one answer

std::optional<std::uint64_t> Number(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

// As it is called here; whatever else it may be is asked for as it is.
std::string KindOf(const std::string& name) {
  const config::ResourceKind* kind = config::FindKindByAnyName(name);
  return kind == nullptr ? name : std::string(kind->kind);
}

AdminAnswer BadNumber(const char* what) {
  return PageError(400, {core::ErrorCode::kInvalidArgument, std::string(what) + " is no number", ""});
}

// "VirtualService/ml-serving/ranking"; parts at the end may be missing.
std::optional<ResourceKey> KeyFrom(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  ResourceKey key;
  const std::size_t first = text->find('/');
  key.kind = KindOf(text->substr(0, first));
  if (first == std::string::npos) return key;
  const std::size_t second = text->find('/', first + 1);
  key.name_space = text->substr(first + 1, second == std::string::npos ? std::string::npos : second - first - 1);
  if (second != std::string::npos) key.name = text->substr(second + 1);
  return key;
}

// Whether a question for the changes of `object` is one for those of the canary, too.
bool IsOf(const CanaryEvent& event, const std::optional<ResourceKey>& object) {
  if (!object) return true;
  if (object->kind != "Canary") return false;
  const std::size_t slash = event.canary.find('/');
  return (object->name_space.empty() || object->name_space == event.canary.substr(0, slash)) &&
         (object->name.empty() || object->name == event.canary.substr(slash + 1));
}

// What canaries decided without changing anything, within the time of the revisions that are told.
core::Result<Json> Decisions(const HistoryContext& context, const HistoryQuery& query,
                             const std::vector<Revision>& told) {
  std::int64_t until = INT64_MAX;
  if (query.before_sequence) {
    const auto next = context.store->History({.limit = 1, .before_sequence = *query.before_sequence + 1});
    if (!next) return std::unexpected(next.error());
    if (!next->empty()) until = next->front().time_us;
  }
  const std::int64_t since = told.size() < query.limit || told.empty() ? INT64_MIN : told.back().time_us;
  const auto events = context.store->canaries().Events("", kHistoryMax);
  if (!events) return std::unexpected(events.error());
  Json decisions = Json::array();
  for (const CanaryEvent& event : *events) {
    if (event.revision != 0 || event.time_us < since || event.time_us >= until) continue;
    if (IsOf(event, query.object)) decisions.push_back(ToJson(event));
  }
  return decisions;
}

AdminAnswer History(const HistoryContext& context, const AdminRequest& request) {
  HistoryQuery query;
  const auto limit = request.Parameter("limit");
  if (limit && !Number(limit)) return BadNumber("limit");
  query.limit = std::min(Number(limit).value_or(query.limit), kHistoryMax);
  const auto before = request.Parameter("before");
  if (before && !Number(before)) return BadNumber("before");
  query.before_sequence = Number(before);
  query.object = KeyFrom(request.Parameter("object"));
  query.rejected = request.Parameter("rejected").value_or("true") != "false";
  const auto history = context.store->History(query);
  if (!history) return PageError(StatusOf(history.error().code), history.error());
  Json revisions = Json::array();
  for (const Revision& revision : *history) revisions.push_back(ToJson(revision));
  auto decisions = Decisions(context, query, *history);
  if (!decisions) return PageError(StatusOf(decisions.error().code), decisions.error());
  return JsonAnswerOf(200, {{"revisions", std::move(revisions)}, {"decisions", std::move(*decisions)}});
}

Json BodyOrNull(const std::optional<LiveObject>& object) { return object ? object->body : Json(); }

Json ObjectsOf(const std::vector<ObjectChange>& changes) {
  Json objects = Json::array();
  for (const ObjectChange& change : changes) {
    Json object = ToJson(change.key);
    object["before"] = BodyOrNull(change.before);
    object["after"] = BodyOrNull(change.after);
    objects.push_back(std::move(object));
  }
  return objects;
}

AdminAnswer OneRevision(const HistoryContext& context, std::string_view number) {
  const auto parsed = Number(std::string(number));
  if (!parsed) return BadNumber("the revision");
  const auto revision = context.store->Find(*parsed);
  if (!revision) return PageError(StatusOf(revision.error().code), revision.error());
  Json json = ToJson(*revision);
  json["changes"] = ObjectsOf(revision->changes);
  return JsonAnswerOf(200, json);
}

AdminAnswer Diff(const HistoryContext& context, const AdminRequest& request) {
  const auto from = Number(request.Parameter("from"));
  if (!from) return BadNumber("from");
  const auto asked = request.Parameter("to");
  if (asked && !Number(asked)) return BadNumber("to");
  const std::uint64_t to = Number(asked).value_or(context.world->revision());
  const auto changes = ChangesBetween(*context.store, *from, to);
  if (!changes) return PageError(StatusOf(changes.error().code), changes.error());
  return JsonAnswerOf(
      200, {{"from", *from}, {"to", to}, {"summary", Summarize(*changes)}, {"objects", ObjectsOf(*changes)}});
}

AdminAnswer Verify(const HistoryContext& context) {
  const core::Status sound = context.store->Verify();
  if (!sound) return JsonAnswerOf(200, {{"intact", false}, {"error", sound.error().Text()}});
  const auto newest = context.store->History({.limit = 1});
  const std::uint64_t entries = newest && !newest->empty() ? newest->front().sequence : 0;
  return JsonAnswerOf(200, {{"intact", true}, {"revisions", entries}});
}

const char* DriftText(Drift drift) {
  switch (drift) {
    case Drift::kNone: return "none";
    case Drift::kChanged: return "changed";
    case Drift::kLiveOnly: return "liveOnly";
    case Drift::kFileOnly: return "fileOnly";
  }
  return "none";
}

Json ObjectJson(const World& world, const ResourceKey& key) {
  const LiveObject* live = world.Find(key);
  const auto file = world.files().find(key);
  Json json = {{"drift", DriftText(world.DriftOf(key))}};
  if (live != nullptr) {
    json["body"] = live->body;
    json["revision"] = live->version;
  }
  if (file != world.files().end()) {
    json["file"] = file->second.place.file;
    json["line"] = file->second.place.mark.line;
    if (live == nullptr || live->body != file->second.body) json["fileBody"] = file->second.body;
  }
  return json;
}

AdminAnswer Objects(const HistoryContext& context, const AdminRequest& request) {
  const std::string kind = KindOf(request.Parameter("kind").value_or(""));
  const std::string name_space = request.Parameter("namespace").value_or("");
  const std::string name = request.Parameter("name").value_or("");
  const World& world = *context.world;
  Json objects = Json::array();
  const auto add = [&](const ResourceKey& key) {
    if ((!kind.empty() && key.kind != kind) || (!name_space.empty() && key.name_space != name_space)) return;
    if (name.empty() || key.name == name) objects.push_back(ObjectJson(world, key));
  };
  for (const LiveObject& object : world.objects()) add(object.key);
  for (const auto& [key, object] : world.files()) {
    if (world.Find(key) == nullptr) add(key);
  }
  return JsonAnswerOf(200, {{"revision", world.revision()}, {"objects", std::move(objects)}});
}

AdminAnswer Status(const HistoryContext& context) {
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t drifting = 0;
  for (const LiveObject& object : context.world->objects()) {
    ++counts[object.key.kind];
    if (context.world->DriftOf(object.key) != Drift::kNone) ++drifting;
  }
  const FindingsHook& hook = context.findings;
  const auto findings = hook.call != nullptr ? hook.call(hook.self) : std::vector<config::Finding>();
  Json json = {{"revision", context.world->revision()},
               {"objects", counts},
               {"drifting", drifting},
               {"stateDirectory", context.state_directory},
               {"lastChange", nullptr},
               {"lastRefusal", nullptr},
               {"findings", ToJson(findings)}};
  for (const bool accepted : {true, false}) {
    const auto last = context.store->History({.limit = 1, .accepted = accepted, .rejected = !accepted});
    if (!last) return PageError(StatusOf(last.error().code), last.error());
    if (!last->empty()) json[accepted ? "lastChange" : "lastRefusal"] = ToJson(last->front());
  }
  return JsonAnswerOf(200, json);
}

}  // namespace

bool IsHistoryPath(std::string_view path) { return path.starts_with(kRoot); }

AdminAnswer AnswerHistory(const HistoryContext& context, const AdminRequest& request, bool may_write) {
  const std::string_view page = request.path.substr(std::min(kRoot.size(), request.path.size()));
  constexpr std::string_view kRevisions = "revisions/";
  if (request.method == "POST") {
    if (!may_write) return NeedsToken();
    return AnswerChange(context, page, request);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return PageError(405, {core::ErrorCode::kInvalidArgument, "this page wants GET or POST", ""});
  }
  if (page == "history") return History(context, request);
  if (page.starts_with(kRevisions)) return OneRevision(context, page.substr(kRevisions.size()));
  if (page == "diff") return Diff(context, request);
  if (page == "verify") return Verify(context);
  if (page == "objects") return Objects(context, request);
  if (page == "status") return Status(context);
  return PageError(404, {core::ErrorCode::kNotFound, "there is no page " + std::string(request.path), ""});
}

}  // namespace sluice::gateway

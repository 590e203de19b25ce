#include "gateway/api/change_pages.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/resource_kind.h"
#include "gateway/api/page_json.h"
#include "gateway/store/field_diff.h"
#include "gateway/store/route_weights.h"
#include "gateway/store/semantic_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;
using config::ResourceKey;

std::unexpected<core::Error> Bad(std::string cause, std::string cure = {}) {
  return core::Fail(core::ErrorCode::kInvalidArgument, std::move(cause), std::move(cure));
}

constexpr std::size_t kMessageMax = 4096;  // bytes; every list of the history carries it

AdminAnswer Submit(const HistoryContext& context, Change change, const Json& body) {
  if (TextAt(body, "message").size() > kMessageMax) {
    return PageError(400, Bad("`message` is longer than " + std::to_string(kMessageMax) + " bytes").error());
  }
  change.author = std::string(context.author);
  if (change.message.empty()) change.message = TextAt(body, "message");
  change.dry_run = FlagAt(body, "dryRun");
  const ChangeResult result = context.changes.submit(context.changes.self, change);
  return JsonAnswerOf(StatusOf(result.outcome), ToJson(result, change));
}

core::Status AddEdit(Change& change, ObjectEdit edit) {
  if (std::ranges::find(change.edits, edit.key, &ObjectEdit::key) != change.edits.end()) {
    return Bad(edit.key.Text() + " is given twice", "keep one of them");
  }
  change.edits.push_back(std::move(edit));
  return {};
}

// What kubectl and the API write around several resources: List, VirtualServiceList.
bool IsList(const Json& object) {
  return object.is_object() && TextAt(object, "kind").ends_with("List") && ValueAt(object, "items").is_array();
}

// A resource, or a List of them, also within each other.
core::Status AddEdits(const HistoryContext& context, const Json& object, Change& change, int depth = 0) {
  constexpr int kListsMax = 4;
  if (IsList(object) && depth < kListsMax) {
    for (const Json& item : ValueAt(object, "items")) {
      if (core::Status added = AddEdits(context, item, change, depth + 1); !added) return added;
    }
    return {};
  }
  auto key = config::KeyOf(object, std::string(context.default_namespace));
  if (!key) return std::unexpected(key.error());
  return AddEdit(change, {.key = std::move(*key), .body = object});
}

AdminAnswer Apply(const HistoryContext& context, const Json& body) {
  Change change;
  change.source = "apply";
  const Json& objects = ValueAt(body, "objects");
  if (!objects.is_array() || objects.empty()) return PageError(400, Bad("`objects` is no list of resources").error());
  for (const Json& object : objects) {
    if (core::Status added = AddEdits(context, object, change); !added) return PageError(400, added.error());
  }
  return Submit(context, std::move(change), body);
}

AdminAnswer Delete(const HistoryContext& context, const Json& body) {
  Change change;
  change.source = "apply";
  const Json& objects = ValueAt(body, "objects");
  if (!objects.is_array() || objects.empty()) return PageError(400, Bad("`objects` is no list of names").error());
  for (const Json& object : objects) {
    const config::ResourceKind* kind = config::FindKindByAnyName(TextAt(object, "kind"));
    ResourceKey key{kind == nullptr ? TextAt(object, "kind") : std::string(kind->kind), TextAt(object, "namespace"),
                    TextAt(object, "name")};
    if (key.name_space.empty()) key.name_space = context.default_namespace;
    if (key.kind.empty() || key.name.empty()) return PageError(400, Bad("an object without kind or name").error());
    if (core::Status added = AddEdit(change, {.key = std::move(key), .body = std::nullopt}); !added) {
      return PageError(400, added.error());
    }
  }
  return Submit(context, std::move(change), body);
}

AdminAnswer Weights(const HistoryContext& context, const Json& body) {
  ResourceKey key{"VirtualService", TextAt(body, "namespace"), TextAt(body, "name")};
  if (key.name_space.empty()) key.name_space = context.default_namespace;
  const LiveObject* live = context.world->Find(key);
  if (live == nullptr) return PageError(404, {core::ErrorCode::kNotFound, key.Text() + " does not exist", ""});
  const Json& weights = ValueAt(body, "weights");
  if (!weights.is_object() || weights.empty()) return PageError(400, Bad("`weights` names no destination").error());
  Json changed = live->body;
  if (!ValueAt(ValueAt(changed, "spec"), "http").is_array()) {
    return PageError(400, Bad(key.Text() + " has no http routes").error());
  }
  Json& rules = changed["spec"]["http"];
  const auto rule = FindRule(rules, TextAt(body, "route"));
  if (!rule) return PageError(404, rule.error());
  if (core::Status set = SetWeights(rules[*rule], weights); !set) return PageError(400, set.error());
  Change change;
  change.source = "weights";
  change.edits.push_back({.key = key, .body = std::move(changed), .expected_version = live->version});
  return Submit(context, std::move(change), body);
}

AdminAnswer Revert(const HistoryContext& context, const Json& body) {
  const Json& number = ValueAt(body, "revision");
  if (!number.is_number_unsigned()) return PageError(400, Bad("`revision` is no number").error());
  const auto revision = number.get<std::uint64_t>();
  if (revision == 0) {  // what was before the first one is no state to go back to
    return PageError(404, {core::ErrorCode::kNotFound, "there is no revision 0", "sluice history lists them"});
  }
  const auto changes = ChangesBetween(*context.store, context.world->revision(), revision);
  if (!changes) return PageError(StatusOf(changes.error().code), changes.error());
  Change change;
  change.source = "revert";
  change.message = "revert to " + std::to_string(revision);
  if (const std::string why = TextAt(body, "message"); !why.empty()) change.message += ": " + why;
  for (const ObjectChange& made : *changes) {
    ObjectEdit edit{.key = made.key, .body = std::nullopt};
    if (made.after) {
      edit.body = made.after->body;
      edit.managed_fields = made.after->managed_fields;
    }
    change.edits.push_back(std::move(edit));
  }
  if (change.edits.empty()) {
    ChangeResult same;
    same.outcome = ChangeResult::Outcome::kUnchanged;
    same.revision = context.world->revision();
    return JsonAnswerOf(200, ToJson(same, change));
  }
  return Submit(context, std::move(change), body);
}

}  // namespace

core::Result<std::vector<ObjectChange>> ChangesBetween(const RevisionStore& store, std::uint64_t from,
                                                       std::uint64_t to) {
  auto before = store.ObjectsAt(from);
  if (!before) return std::unexpected(before.error());
  auto after = store.ObjectsAt(to);
  if (!after) return std::unexpected(after.error());
  std::map<ResourceKey, ObjectChange> changes;
  for (LiveObject& object : *before) {
    ObjectChange& change = changes[object.key];
    change.key = object.key;
    change.before = std::move(object);
  }
  for (LiveObject& object : *after) {
    ObjectChange& change = changes[object.key];
    change.key = object.key;
    change.after = std::move(object);
  }
  std::vector<ObjectChange> list;
  for (auto& [key, change] : changes) {
    if (change.before && change.after && change.before->body == change.after->body) continue;
    list.push_back(std::move(change));
  }
  return list;
}

AdminAnswer AnswerChange(const HistoryContext& context, std::string_view page, const AdminRequest& request) {
  const auto body = BodyOf(request);
  if (!body) return PageError(400, body.error());
  if (page == "apply") return Apply(context, *body);
  if (page == "delete") return Delete(context, *body);
  if (page == "weights") return Weights(context, *body);
  if (page == "revert") return Revert(context, *body);
  return PageError(404, {core::ErrorCode::kNotFound, "there is no page " + std::string(request.path), ""});
}

}  // namespace sluice::gateway

#include "gateway/api/resource_writes.h"

#include <optional>
#include <string>
#include <utility>

#include "config/format.h"
#include "config/utf8.h"
#include "config/yaml_node.h"
#include "gateway/api/change_answer.h"
#include "gateway/api/managed_fields.h"
#include "gateway/api/object_check.h"
#include "gateway/api/object_view.h"
#include "gateway/api/patch.h"
#include "gateway/api/request_body.h"
#include "gateway/api/resource_reads.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

config::ResourceKey KeyOf(const ResourcePath& path, std::string name) {
  return {std::string(path.kind->kind), path.name_space, std::move(name)};
}

const LiveObject* LiveOf(const ApiContext& context, const ResourcePath& path) {
  return context.world->Find(KeyOf(path, path.name));
}

std::string MetadataText(const Json& object, const char* key) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  const auto found = metadata->find(key);
  return found != metadata->end() && found->is_string() ? found->get<std::string>() : std::string();
}

Writer WriterOf(const ApiContext& context, const AdminRequest& request, const ResourcePath& path, bool applies) {
  return {.manager = ManagerOf(request),
          .applies = applies,
          .api_version = ApiVersion(*path.kind, path.version),
          .now_us = context.now_us};
}

// Unknown and duplicate fields are errors whatever is asked for; the value must still be one that exists.
std::optional<ApiError> CheckFieldValidation(const AdminRequest& request) {
  const std::string value = request.Parameter("fieldValidation").value_or("");
  if (value.empty() || value == "Strict" || value == "Warn" || value == "Ignore") return std::nullopt;
  return BadRequest(Format("fieldValidation cannot be \"{}\"; write Strict", value.substr(0, 80)));
}

// The version and identity that an object as sent insists on.
std::optional<ApiError> CheckPreconditions(const ResourcePath& path, const LiveObject& live, const std::string& version,
                                           const std::string& uid) {
  if (!uid.empty() && uid != live.uid) {
    return Conflict(
        *path.kind, live.key.name,
        Format("Precondition failed: UID in precondition: {}, UID in object meta: {}", uid.substr(0, 80), live.uid));
  }
  if (!version.empty() && version != std::to_string(live.version)) {
    return Conflict(*path.kind, live.key.name,
                    "the object has been modified; please apply your changes to the latest version and try again");
  }
  return std::nullopt;
}

// kubernetes.io/change-cause is the message of the revision.
std::string MessageOf(const Json& body) {
  const auto annotations = body.at("metadata").find("annotations");
  if (annotations == body.at("metadata").end()) return {};
  const auto cause = annotations->find("kubernetes.io/change-cause");
  if (cause == annotations->end() || !cause->is_string()) return {};
  std::string message = cause->get<std::string>().substr(0, 1000);
  message.resize(config::FindInvalidUtf8(message).value_or(message.size()));  // not half a character at its end
  return message;
}

AdminAnswer Submit(const ApiContext& context, const AdminRequest& request, const ResourcePath& path, ObjectEdit edit,
                   std::uint16_t status, const std::vector<std::string>& notes) {
  const auto dry_run = DryRunOf(request);
  if (!dry_run) return Answer(dry_run.error());
  if (auto wrong = CheckFieldValidation(request)) return Answer(*wrong);
  // Patches make objects grow: what comes of them is still read as YAML.
  if (config::ToYaml(*edit.body).size() > config::kYamlBytesMax) return Answer(TooLarge());
  Change change{.edits = {edit}, .author = std::string(context.author), .source = "api", .dry_run = *dry_run};
  change.message = MessageOf(*edit.body);
  const ChangeResult result = context.changes.submit(context.changes.self, change);
  AdminAnswer answer;
  if (result.ok() && !result.objects.empty()) {
    answer = Answer(status, ViewOf(result.objects.front(), path.version));
  } else {
    answer = Answer(ErrorOf(*context.world, path, edit, result));
  }
  std::vector<std::string> warnings = WarningsOf(*context.world, edit.key, result);
  warnings.insert(warnings.end(), notes.begin(), notes.end());
  Warn(answer, warnings);
  return answer;
}

// Owners that an object as sent sets itself, as kubectl does when it hands fields over; null when it sets none.
const Json* OwnersIn(const Json& sent, const LiveObject& live) {
  const auto given = sent.at("metadata").find("managedFields");
  const bool sets = given != sent.at("metadata").end() && given->is_array() && *given != live.managed_fields;
  return sets ? &*given : nullptr;
}

// The owners so far; of an object that nobody owns, whoever made it.
ManagedFields OwnersOf(const LiveObject& live) {
  ManagedFields owners = ManagedFields::FromJson(live.managed_fields);
  owners.Adopt(live.body, live.place.file.empty() ? "before-first-apply" : "file", live.created_us);
  return owners;
}

// The object `sent`, whole, takes the place of `live`.
AdminAnswer Update(const ApiContext& context, const AdminRequest& request, const ResourcePath& path,
                   const LiveObject& live, Json sent) {
  if (auto wrong = CheckObject(path, sent)) return Answer(*wrong);
  const std::string version = MetadataText(sent, "resourceVersion");
  if (auto wrong = CheckPreconditions(path, live, version, MetadataText(sent, "uid"))) return Answer(*wrong);
  ObjectEdit edit{.key = live.key, .body = {}, .expected_version = live.version};
  edit.body = config::CanonicalBody(sent, path.name_space);
  edit.body->at("apiVersion") = live.body.at("apiVersion");  // versions of a group are one schema
  const Json* given = OwnersIn(sent, live);
  if (given != nullptr || *edit.body != live.body) {  // what changes nothing has no writer
    ManagedFields owners = given != nullptr ? ManagedFields::FromJson(*given) : OwnersOf(live);
    owners.Update(live.body, *edit.body, WriterOf(context, request, path, false));
    edit.managed_fields = owners.ToJson();
  }
  return Submit(context, request, path, std::move(edit), 200, NotKept(sent));
}

AdminAnswer ApplyServerSide(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  if (request.Parameter("fieldManager").value_or("").empty()) {
    return Answer(BadRequest("fieldManager is required for apply patch: add ?fieldManager=NAME"));
  }
  auto sent = ParseYamlText(request.body);
  if (!sent) return Answer(sent.error());
  if (auto wrong = CheckObject(path, *sent)) return Answer(*wrong);
  if (!sent->at("metadata").value("managedFields", Json::array()).empty()) {
    return Answer(BadRequest("metadata.managedFields must be nil"));
  }
  const LiveObject* live = LiveOf(context, path);
  const std::string version = MetadataText(*sent, "resourceVersion");
  if (live == nullptr && !version.empty()) return Answer(NotFound(*path.kind, path.name));
  if (live != nullptr) {
    if (auto wrong = CheckPreconditions(path, *live, version, MetadataText(*sent, "uid"))) return Answer(*wrong);
  }
  ManagedFields owners = live == nullptr ? ManagedFields() : OwnersOf(*live);
  auto body = owners.Apply(live == nullptr ? nullptr : &live->body, config::CanonicalBody(*sent, path.name_space),
                           WriterOf(context, request, path, true), IsSet(request, "force"));
  if (!body) {
    ApiError error{.code = 409, .reason = "Conflict", .causes = std::move(body.error())};
    error.message =
        Format("Apply failed with {} conflict{}:", error.causes.size(), error.causes.size() == 1 ? "" : "s");
    for (const StatusCause& cause : error.causes) {
      error.message += Format("{} {}: {}", error.causes.size() == 1 ? "" : "\n-", cause.message, cause.field);
    }
    return Answer(error);
  }
  ObjectEdit edit{.key = KeyOf(path, path.name), .body = {}, .expected_version = live == nullptr ? 0 : live->version};
  edit.body = std::move(*body);
  edit.managed_fields = owners.ToJson();
  return Submit(context, request, path, std::move(edit), live == nullptr ? 201 : 200, NotKept(*sent));
}

// DELETE's body, which may be empty.
struct DeleteOptions {
  bool dry_run = false;
  std::string uid;
  std::string version;
};

std::expected<DeleteOptions, ApiError> DeleteOptionsOf(const AdminRequest& request) {
  DeleteOptions options;
  const auto dry_run = DryRunOf(request);
  if (!dry_run) return std::unexpected(dry_run.error());
  options.dry_run = *dry_run;
  if (request.body.empty()) return options;
  const auto body = ReadBody(request.content_type, request.body);
  if (!body) return std::unexpected(body.error());
  if (!body->is_object()) return std::unexpected(BadRequest("the body of a DELETE is a DeleteOptions object"));
  if (body->contains("dryRun") && !body->at("dryRun").is_null()) {
    if (body->at("dryRun") != Json::array({"All"})) return std::unexpected(BadRequest("dryRun can only be [\"All\"]"));
    options.dry_run = true;
  }
  const auto conditions = body->find("preconditions");
  if (conditions == body->end() || !conditions->is_object()) return options;
  const Json wrapped = {{"metadata", *conditions}};
  options.uid = MetadataText(wrapped, "uid");
  options.version = MetadataText(wrapped, "resourceVersion");
  return options;
}

}  // namespace

AdminAnswer Create(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  if (!path.name.empty() || path.name_space.empty()) return Answer(MethodNotAllowed(request.method));
  auto sent = ReadBody(request.content_type, request.body);
  if (!sent) return Answer(sent.error());
  const std::string prefix = MetadataText(*sent, "generateName");
  if (sent->is_object() && MetadataText(*sent, "name").empty() && !prefix.empty()) {
    std::string name;
    for (int turn = 0; name.empty() || context.world->Find(KeyOf(path, name)) != nullptr; ++turn) {
      name = GeneratedName(prefix, context.now_us, turn);
    }
    (*sent)["metadata"]["name"] = name;
  }
  if (auto wrong = CheckObject(path, *sent)) return Answer(*wrong);
  ObjectEdit edit{.key = KeyOf(path, MetadataText(*sent, "name")), .body = {}, .expected_version = 0};
  if (context.world->Find(edit.key) != nullptr) {
    ApiError error{.code = 409, .reason = "AlreadyExists", .kind = path.kind, .name = edit.key.name};
    error.message = Format("{}.{} \"{}\" already exists", path.kind->plural, path.kind->group, edit.key.name);
    return Answer(error);
  }
  if (!MetadataText(*sent, "resourceVersion").empty()) {
    return Answer(BadRequest("resourceVersion should not be set on objects to be created"));
  }
  edit.body = config::CanonicalBody(*sent, path.name_space);
  ManagedFields owners;
  owners.Update(Json::object(), *edit.body, WriterOf(context, request, path, false));
  edit.managed_fields = owners.ToJson();
  return Submit(context, request, path, std::move(edit), 201, NotKept(*sent));
}

AdminAnswer Replace(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  if (path.name.empty()) return Answer(MethodNotAllowed(request.method));
  auto sent = ReadBody(request.content_type, request.body);
  if (!sent) return Answer(sent.error());
  const LiveObject* live = LiveOf(context, path);
  if (live == nullptr) return Answer(NotFound(*path.kind, path.name));
  return Update(context, request, path, *live, std::move(*sent));
}

AdminAnswer Patch(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  if (path.name.empty()) return Answer(MethodNotAllowed(request.method));
  const std::string type = MediaType(request.content_type);
  if (type == kApplyPatch) return ApplyServerSide(context, request, path);
  if (type != kJsonPatch && type != kMergePatch) {
    return Answer(UnsupportedMediaType(Format("{}, {}, {}", kJsonPatch, kMergePatch, kApplyPatch)));
  }
  const auto patch = ParseJson(request.body);
  if (!patch) return Answer(patch.error());
  const LiveObject* live = LiveOf(context, path);
  if (live == nullptr) return Answer(NotFound(*path.kind, path.name));
  const Json before = ViewOf(*live, path.version);
  auto after = type == kJsonPatch ? ApplyJsonPatch(before, *patch) : ApplyMergePatch(before, *patch);
  if (!after) {
    after.error().kind = path.kind;
    after.error().name = path.name;
    return Answer(after.error());
  }
  if (!DepthAllowed(*after)) return Answer(BadRequest("the patched object is nested too deeply"));
  return Update(context, request, path, *live, std::move(*after));
}

AdminAnswer Delete(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  if (path.name_space.empty()) return Answer(MethodNotAllowed(request.method));
  const auto options = DeleteOptionsOf(request);
  if (!options) return Answer(options.error());
  const auto objects = Select(context, request, path);
  if (!objects) return Answer(objects.error());
  if (!path.name.empty() && objects->empty()) return Answer(NotFound(*path.kind, path.name));
  Change change{.edits = {}, .author = std::string(context.author), .source = "api", .dry_run = options->dry_run};
  for (const LiveObject* object : *objects) {
    if (auto wrong = CheckPreconditions(path, *object, options->version, options->uid)) return Answer(*wrong);
    change.edits.push_back({.key = object->key, .body = {}, .expected_version = object->version});
  }
  const std::string uid = path.name.empty() ? std::string() : objects->front()->uid;
  if (change.edits.empty()) return Answer(200, Deleted(*path.kind, "", ""));
  const ChangeResult result = context.changes.submit(context.changes.self, change);
  if (!result.ok()) return Answer(ErrorOf(*context.world, path, change.edits.front(), result));
  AdminAnswer answer = Answer(200, Deleted(*path.kind, path.name, uid));
  Warn(answer, result.warnings);
  return answer;
}

}  // namespace sluice::gateway

#include "gateway/api/resource_reads.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "config/format.h"
#include "core/base/text.h"
#include "gateway/api/object_view.h"
#include "gateway/api/selector.h"
#include "gateway/api/table.h"
#include "gateway/api/watch.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

// What the client wants to see, by its Accept header: the first entry that can be served.
struct Accepted {
  bool table = false;
  std::string meta_version = "v1";
};

std::expected<Accepted, ApiError> ParseAccept(std::string_view accept) {
  if (core::Trim(accept).empty()) return Accepted{};
  std::string_view rest = accept;
  while (const auto entry = core::NextToken(rest)) {
    std::string_view parts = *entry;
    const std::size_t end = std::min(parts.find(';'), parts.size());
    const std::string type = core::Fold(core::Trim(parts.substr(0, end)));
    if (type != "application/json" && type != "*/*" && type != "application/*") continue;
    Accepted accepted;
    std::string as;
    std::string group;
    while (true) {
      parts.remove_prefix(std::min(parts.find(';'), parts.size()));
      if (parts.empty()) break;
      parts.remove_prefix(1);
      const std::string_view parameter = core::Trim(parts.substr(0, parts.find(';')));
      if (parameter.starts_with("as=")) as = parameter.substr(3);
      if (parameter.starts_with("g=")) group = parameter.substr(2);
      if (parameter.starts_with("v=")) accepted.meta_version = parameter.substr(2);
    }
    if (as.empty()) return Accepted{};
    const bool known = accepted.meta_version == "v1" || accepted.meta_version == "v1beta1";
    if (as != "Table" || group != "meta.k8s.io" || !known) continue;
    accepted.table = true;
    return accepted;
  }
  ApiError error{.code = 406, .reason = "NotAcceptable"};
  error.message =
      "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io";
  return std::unexpected(std::move(error));
}

TableStyle StyleOf(const ApiContext& context, const AdminRequest& request, const ResourcePath& path,
                   const Accepted& accepted) {
  TableStyle style{
      .kind = path.kind, .version = path.version, .meta_version = accepted.meta_version, .now_us = context.now_us};
  const std::string include = request.Parameter("includeObject").value_or("Metadata");
  if (include == "None") style.include = TableStyle::Include::kNone;
  if (include == "Object") style.include = TableStyle::Include::kObject;
  return style;
}

AdminAnswer Shown(const ApiContext& context, const TableStyle& style, const Accepted& accepted,
                  const std::vector<const LiveObject*>& objects) {
  if (accepted.table) {
    Json table = EmptyTable(style, context.world->revision());
    for (const LiveObject* object : objects) table["rows"].push_back(RowOf(style, *context.world, *object));
    return Answer(200, table);
  }
  Json items = Json::array();
  for (const LiveObject* object : objects) items.push_back(ViewOf(*object, style.version));
  return Answer(200, {{"kind", Format("{}List", style.kind->kind)},
                      {"apiVersion", ApiVersion(*style.kind, style.version)},
                      {"metadata", {{"resourceVersion", std::to_string(context.world->revision())}}},
                      {"items", std::move(items)}});
}

struct Selectors {
  LabelSelector labels;
  FieldSelector fields;
};

std::expected<Selectors, ApiError> SelectorsOf(const AdminRequest& request, const ResourcePath& path) {
  auto labels = LabelSelector::Parse(request.Parameter("labelSelector").value_or(""));
  if (!labels) return std::unexpected(std::move(labels.error()));
  auto fields = FieldSelector::Parse(request.Parameter("fieldSelector").value_or(""));
  if (!fields) return std::unexpected(std::move(fields.error()));
  if (!path.name.empty()) fields->name = path.name;
  return Selectors{std::move(*labels), std::move(*fields)};
}

AdminAnswer BeginWatch(const AdminRequest& request, const ResourcePath& path, const TableStyle& style,
                       const Accepted& accepted) {
  auto selectors = SelectorsOf(request, path);
  if (!selectors) return Answer(selectors.error());
  const auto since = NumberOf(request, "resourceVersion");
  if (!since) return Answer(since.error());
  const auto timeout = NumberOf(request, "timeoutSeconds");
  if (!timeout) return Answer(timeout.error());
  constexpr std::uint64_t kDay = 24 * 3600;
  ObjectWatch::Options options{.style = style,
                               .as_table = accepted.table,
                               .name_space = path.name_space,
                               .fields = std::move(selectors->fields),
                               .labels = std::move(selectors->labels),
                               .since = *since,
                               .timeout_seconds = static_cast<std::int64_t>(std::min(timeout->value_or(0), kDay))};
  if (options.since == 0U) options.since.reset();  // "0" is any revision: begin with what there is
  AdminAnswer answer{200, "application/json", ""};
  answer.watch = std::make_shared<ObjectWatch>(std::move(options));
  return answer;
}

}  // namespace

std::expected<std::vector<const LiveObject*>, ApiError> Select(const ApiContext& context, const AdminRequest& request,
                                                               const ResourcePath& path) {
  const auto selectors = SelectorsOf(request, path);
  if (!selectors) return std::unexpected(selectors.error());
  std::vector<const LiveObject*> objects;
  for (const LiveObject& object : context.world->objects()) {
    if (object.key.kind == path.kind->kind && (path.name_space.empty() || object.key.name_space == path.name_space) &&
        selectors->fields.Matches(object) && selectors->labels.Matches(object)) {
      objects.push_back(&object);
    }
  }
  std::ranges::sort(objects, {}, [](const LiveObject* object) -> const config::ResourceKey& { return object->key; });
  return objects;
}

AdminAnswer Read(const ApiContext& context, const AdminRequest& request, const ResourcePath& path) {
  const auto accepted = ParseAccept(request.accept);
  if (!accepted) return Answer(accepted.error());
  const TableStyle style = StyleOf(context, request, path, *accepted);
  if (IsSet(request, "watch")) return BeginWatch(request, path, style, *accepted);
  if (path.name.empty()) {
    const auto objects = Select(context, request, path);
    return objects ? Shown(context, style, *accepted, *objects) : Answer(objects.error());
  }
  const LiveObject* object = context.world->Find({std::string(path.kind->kind), path.name_space, path.name});
  if (object == nullptr) return Answer(NotFound(*path.kind, path.name));
  if (accepted->table) return Shown(context, style, *accepted, {object});
  return Answer(200, ViewOf(*object, path.version));
}

}  // namespace sluice::gateway

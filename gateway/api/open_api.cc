#include "gateway/api/open_api.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/format.h"
#include "gateway/api/discovery.h"
#include "gateway/api/kind_docs.h"
#include "gateway/api/open_api_proto.h"
#include "gateway/api/status.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;
using config::ResourceKind;

Json GroupVersionKind(const ResourceKind& kind, std::string_view version) {
  return {{"group", kind.group}, {"version", version}, {"kind", kind.kind}};
}

Json Parameter(std::string_view name, std::string_view in, bool old) {
  Json parameter = {{"name", name}, {"in", in}};
  if (in == "path") parameter["required"] = true;
  if (old) {
    parameter["type"] = "string";
  } else {
    parameter["schema"] = {{"type", "string"}};
  }
  return parameter;
}

Json Operation(const ResourceKind& kind, std::string_view version, std::string_view action, bool old) {
  Json parameters = Json::array();
  if (action != "get" && action != "list") {
    for (const std::string_view name : kWriteParameters) parameters.push_back(Parameter(name, "query", old));
  }
  return {{"operationId", Format("{}{}{}", action, version, kind.kind)},
          {"parameters", std::move(parameters)},
          {"responses", {{"200", {{"description", "OK"}}}}},
          {"x-kubernetes-action", action},
          {"x-kubernetes-group-version-kind", GroupVersionKind(kind, version)}};
}

void AddPaths(Json& paths, const ResourceKind& kind, std::string_view version, bool old) {
  const std::string base = Format("/apis/{}/{}", kind.group, version);
  const std::string collection = Format("{}/namespaces/{namespace}/{}", base, kind.plural);
  const auto operation = [&](std::string_view action) { return Operation(kind, version, action, old); };
  const Json name_space = Parameter("namespace", "path", old);
  paths[Format("{}/{}", base, kind.plural)] = {{"get", operation("list")}};
  paths[collection] = {
      {"get", operation("list")}, {"post", operation("post")}, {"parameters", Json::array({name_space})}};
  paths[collection + "/{name}"] = {{"get", operation("get")},
                                   {"put", operation("put")},
                                   {"patch", operation("patch")},
                                   {"delete", operation("delete")},
                                   {"parameters", Json::array({name_space, Parameter("name", "path", old)})}};
}

Json Described(std::string_view type, std::string_view text) { return {{"type", type}, {"description", text}}; }

Json Spec(const KindDoc& doc) {
  Json spec = Described("object", "What is wanted.");
  for (const FieldDoc& field : doc.fields) {
    Json described = Described(field.type, field.text);
    if (field.type.empty()) {
      described.erase("type");
      described["x-kubernetes-int-or-string"] = true;
    }
    if (field.type == "array") described["items"] = Json::object();
    if (field.type == "object") described["x-kubernetes-preserve-unknown-fields"] = true;
    spec["properties"][std::string(field.name)] = std::move(described);
  }
  spec["x-kubernetes-preserve-unknown-fields"] = true;
  return spec;
}

Json Schema(const ResourceKind& kind, std::string_view version) {
  const KindDoc* doc = FindKindDoc(kind.kind);
  Json properties = {{"apiVersion", Described("string", "Group and version of the schema.")},
                     {"kind", Described("string", "The kind of object.")},
                     {"metadata", Described("object", "Name, namespace, labels and annotations.")}};
  if (doc != nullptr) properties["spec"] = Spec(*doc);
  Json schema = Described("object", doc == nullptr ? kind.kind : doc->text);
  schema["properties"] = std::move(properties);
  schema["x-kubernetes-group-version-kind"] = Json::array({GroupVersionKind(kind, version)});
  schema["x-kubernetes-preserve-unknown-fields"] = true;
  return schema;
}

Json Info() { return {{"title", "Sluice"}, {"version", SLUICE_VERSION}}; }

// Visits every kind in every version; an empty group or version takes all.
template <typename Visit>
void EachKind(std::string_view group, std::string_view version, const Visit& visit) {
  for (const ResourceKind& kind : config::ResourceKinds()) {
    if (!group.empty() && kind.group != group) continue;
    for (const std::string_view own : kind.versions) {
      if (version.empty() || own == version) visit(kind, own);
    }
  }
}

Json DocumentV2() {
  Json document = {{"swagger", "2.0"}, {"info", Info()}, {"paths", Json::object()}, {"definitions", Json::object()}};
  EachKind("", "", [&](const ResourceKind& kind, std::string_view version) {
    AddPaths(document["paths"], kind, version, true);
    document["definitions"][SchemaName(kind, version)] = Schema(kind, version);
  });
  return document;
}

Json DocumentV3(const std::string& group, const std::string& version) {
  Json document = {{"openapi", "3.0.0"}, {"info", Info()}, {"paths", Json::object()}};
  document["components"]["schemas"] = Json::object();
  EachKind(group, version, [&](const ResourceKind& kind, std::string_view own) {
    AddPaths(document["paths"], kind, own, false);
    document["components"]["schemas"][SchemaName(kind, own)] = Schema(kind, own);
  });
  return document;
}

Json RootV3() {
  Json paths = Json::object();
  for (const std::string& group : KnownGroups()) {
    for (const std::string& version : VersionsOfGroup(group)) {
      const std::string path = Format("apis/{}/{}", group, version);
      // Clients keep what they have fetched under this address: it changes with the program.
      paths[path] = {{"serverRelativeURL", Format("/openapi/v3/{}?hash={}", path, SLUICE_VERSION)}};
    }
  }
  return {{"paths", std::move(paths)}};
}

}  // namespace

std::string SchemaName(const ResourceKind& kind, std::string_view version) {
  std::string reversed;
  std::string_view rest = kind.group;
  while (!rest.empty()) {
    const std::size_t dot = rest.rfind('.');
    reversed += std::string(dot == std::string_view::npos ? rest : rest.substr(dot + 1)) + '.';
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
  }
  return Format("{}{}.{}", reversed, version, kind.kind);
}

AdminAnswer AnswerOpenApi(const AdminRequest& request, const std::vector<std::string>& segments) {
  const std::string_view which = segments.size() > 1 ? std::string_view(segments[1]) : std::string_view();
  if (which == "v2" && segments.size() == 2) {
    // Old clients ask for protobuf only; new ones name JSON too.
    const bool binary = request.accept.find("protobuf") != std::string_view::npos;
    if (binary) return {200, std::string(kOpenApiProtoType), OpenApiProto()};
    return Answer(200, DocumentV2());
  }
  if (which != "v3") return Answer(NoSuchResource());
  if (segments.size() == 2) return Answer(200, RootV3());
  if (segments.size() != 5 || segments[2] != "apis") return Answer(NoSuchResource());
  const std::vector<std::string> versions = VersionsOfGroup(segments[3]);
  if (std::ranges::find(versions, segments[4]) == versions.end()) return Answer(NoSuchResource());
  return Answer(200, DocumentV3(segments[3], segments[4]));
}

}  // namespace sluice::gateway

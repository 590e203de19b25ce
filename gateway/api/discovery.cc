#include "gateway/api/discovery.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/format.h"
#include "gateway/api/object_view.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;
using config::ResourceKind;

Json GroupJson(const std::string& group) {
  Json versions = Json::array();
  for (const std::string& version : VersionsOfGroup(group)) {
    versions.push_back({{"groupVersion", group + '/' + version}, {"version", version}});
  }
  Json preferred = versions.front();
  return {{"name", group}, {"versions", std::move(versions)}, {"preferredVersion", std::move(preferred)}};
}

Json ResourceList(const std::string& group_version, Json resources) {
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group_version},
          {"resources", std::move(resources)}};
}

Json ResourceJson(const ResourceKind& kind) {
  Json resource = {{"name", kind.plural},
                   {"singularName", kind.singular},
                   {"namespaced", true},
                   {"kind", kind.kind},
                   {"verbs", {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}},
                   {"categories", {"sluice"}}};
  for (const std::string_view name : kind.short_names) resource["shortNames"].push_back(name);
  if (kind.group.ends_with("istio.io")) resource["categories"].push_back("istio-io");
  return resource;
}

// Every namespace that an object is in, and the default one. They come and go with the objects.
std::set<std::string> Namespaces(const ApiContext& context) {
  std::set<std::string> names{std::string(context.default_namespace)};
  for (const LiveObject& object : context.world->objects()) names.insert(object.key.name_space);
  return names;
}

Json NamespaceJson(const std::string& name) {
  return {{"kind", "Namespace"},
          {"apiVersion", "v1"},
          {"metadata", {{"name", name}, {"uid", name}}},
          {"status", {{"phase", "Active"}}}};
}

Json CoreList(std::string_view kind, const ApiContext& context, Json items) {
  return {{"kind", kind},
          {"apiVersion", "v1"},
          {"metadata", {{"resourceVersion", std::to_string(context.world->revision())}}},
          {"items", std::move(items)}};
}

}  // namespace

std::vector<std::string> KnownGroups() {
  std::vector<std::string> groups;
  for (const ResourceKind& kind : config::ResourceKinds()) {
    if (std::ranges::find(groups, kind.group) == groups.end()) groups.emplace_back(kind.group);
  }
  return groups;
}

std::vector<std::string> VersionsOfGroup(std::string_view group) {
  std::vector<std::string> versions;
  for (const ResourceKind& kind : config::ResourceKinds()) {
    if (kind.group != group) continue;
    for (const std::string_view version : kind.versions) {
      if (std::ranges::find(versions, version) == versions.end()) versions.emplace_back(version);
    }
  }
  return versions;
}

// The Kubernetes whose clients are meant: no kubectl that is in use finds it too old or too new to talk to.
AdminAnswer AnswerVersion() {
  return Answer(200, {{"major", "1"},
                      {"minor", "30"},
                      {"gitVersion", "v1.30.0+sluice-" SLUICE_VERSION},
                      {"gitCommit", ""},
                      {"gitTreeState", "clean"},
                      {"buildDate", TimestampText(0)},
                      {"goVersion", ""},
                      {"compiler", "gcc"},
                      {"platform", "linux"}});
}

AdminAnswer AnswerCore(const ApiContext& context, const std::vector<std::string>& segments) {
  if (segments.size() == 1) return Answer(200, {{"kind", "APIVersions"}, {"versions", {"v1"}}});
  if (segments[1] != "v1") return Answer(NoSuchResource());
  if (segments.size() == 2) {
    const Json namespaces = {{"name", "namespaces"}, {"singularName", "namespace"}, {"namespaced", false},
                             {"kind", "Namespace"},  {"verbs", {"get", "list"}},    {"shortNames", {"ns"}}};
    return Answer(200, ResourceList("v1", Json::array({namespaces})));
  }
  // `kubectl describe` looks for events of what it describes.
  if (segments.back() == "events") return Answer(200, CoreList("EventList", context, Json::array()));
  if (segments[2] != "namespaces" || segments.size() > 4) return Answer(NoSuchResource());
  if (segments.size() == 4) return Answer(200, NamespaceJson(segments[3]));
  Json items = Json::array();
  for (const std::string& name : Namespaces(context)) items.push_back(NamespaceJson(name));
  return Answer(200, CoreList("NamespaceList", context, std::move(items)));
}

AdminAnswer AnswerGroups(const std::vector<std::string>& segments) {
  const std::vector<std::string> groups = KnownGroups();
  if (segments.size() == 1) {
    Json list = Json::array();
    for (const std::string& group : groups) list.push_back(GroupJson(group));
    return Answer(200, {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}});
  }
  if (std::ranges::find(groups, segments[1]) == groups.end()) return Answer(NoSuchResource());
  if (segments.size() == 2) {
    Json group = GroupJson(segments[1]);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return Answer(200, group);
  }
  Json resources = Json::array();
  for (const ResourceKind& kind : config::ResourceKinds()) {
    if (kind.group == segments[1] && config::HasVersion(kind, segments[2])) {
      resources.push_back(ResourceJson(kind));
    }
  }
  if (resources.empty()) return Answer(NoSuchResource());
  return Answer(200, ResourceList(segments[1] + '/' + segments[2], std::move(resources)));
}

}  // namespace sluice::gateway

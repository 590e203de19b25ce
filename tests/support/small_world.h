// A World with a transaction that is as small as can be: edits are checked by the configuration's own reader, and then
// made. Remembers the changes it was given. Owned by a test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loader.h"
#include "config/resource_json.h"
#include "gateway/api/resource_api.h"
#include "gateway/store/revision_store.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

class SmallWorld {
 public:
  static constexpr std::int64_t kNow = 1'700'000'000'000'000;

  World& world() { return world_; }
  const std::vector<Change>& changes() const { return changes_; }

  // What the next changes are told to have made vanish.
  std::vector<std::string> warnings;
  // When set, the next changes come to this.
  std::optional<ChangeResult::Outcome> outcome;
  bool may_write = true;
  std::int64_t now_us = kNow;

  AdminAnswer Ask(std::string_view method, std::string target, std::string_view body = {},
                  std::string_view content_type = "application/json", std::string_view accept = "application/json") {
    AdminRequest request;
    const std::size_t mark = target.find('?');
    request.method = method;
    request.path = std::string_view(target).substr(0, mark);
    if (mark != std::string::npos) request.query = std::string_view(target).substr(mark + 1);
    request.body = body;
    request.content_type = content_type;
    request.accept = accept;
    request.user_agent = "kubectl/v1.20.2 (linux/amd64)";
    const ApiContext context{.world = &world_,
                             .changes = {.submit = &SmallWorld::Submit, .self = this},
                             .default_namespace = "default",
                             .author = "tester",
                             .now_us = now_us};
    return AnswerApi(context, request, may_write);
  }

  static config::Json JsonOf(const AdminAnswer& answer) { return config::Json::parse(answer.body); }

  // Puts objects in force as files would: YAML documents of "rules.yaml".
  void Load(const std::string& yaml) {
    config::Findings findings;
    std::vector<ObjectChange> made;
    std::map<config::ResourceKey, LiveObject> files;
    for (const auto& resource : config::ToResources({{"rules.yaml", yaml}}, "default", findings)) {
      LiveObject object = New(resource->key, config::CanonicalBody(config::ToJson(resource->root), "default"));
      object.place = {resource->origin, resource->root.mark};
      files.emplace(object.key, object);
      made.push_back({.key = object.key, .before = {}, .after = object});
    }
    world_.Commit(world_.revision() + 1, made);
    world_.SetFiles(std::move(files));
  }

 private:
  static ChangeResult Submit(void* self, const Change& change) { return static_cast<SmallWorld*>(self)->Take(change); }

  LiveObject New(const config::ResourceKey& key, config::Json body) {
    LiveObject object;
    object.key = key;
    object.body = std::move(body);
    object.version = world_.revision() + 1;
    object.uid = "uid-" + std::to_string(++uids_);
    object.created_us = kNow - 90'000'000;
    return object;
  }

  ChangeResult Take(const Change& change) {
    changes_.push_back(change);
    ChangeResult result;
    result.revision = world_.revision();
    std::vector<ObjectChange> made;
    for (const ObjectEdit& edit : change.edits) {
      const LiveObject* live = world_.Find(edit.key);
      ObjectChange one{.key = edit.key};
      if (live != nullptr) one.before = *live;
      if (edit.body) {
        LiveObject after = live == nullptr ? New(edit.key, {}) : *live;
        after.body = config::CanonicalBody(*edit.body, "default");
        if (live != nullptr) after.body["apiVersion"] = live->body.at("apiVersion");
        if (edit.managed_fields) after.managed_fields = *edit.managed_fields;
        after.version = world_.revision() + 1;
        if (live != nullptr && live->body == after.body && live->managed_fields == after.managed_fields) {
          result.objects.push_back(*live);
          continue;
        }
        one.after = after;
      }
      result.objects.push_back(one.after ? *one.after : *one.before);
      made.push_back(std::move(one));
    }
    if (made.empty()) return Ended(result, ChangeResult::Outcome::kUnchanged);
    result.findings = Judge(made);
    result.warnings = warnings;
    const auto wrong = std::ranges::find(result.findings, config::Severity::kError, &config::Finding::severity);
    if (wrong != result.findings.end()) return Ended(result, ChangeResult::Outcome::kInvalid);
    if (outcome) return Ended(result, *outcome);
    if (!change.dry_run) world_.Commit(world_.revision() + 1, made);
    return Ended(result, ChangeResult::Outcome::kAccepted);
  }

  static ChangeResult Ended(ChangeResult& result, ChangeResult::Outcome outcome) {
    result.outcome = outcome;
    if (!result.ok()) result.error = "it came to nothing";
    return std::move(result);
  }

  // The findings of the world as it would be.
  std::vector<config::Finding> Judge(const std::vector<ObjectChange>& made) {
    std::map<config::ResourceKey, config::Json> bodies;
    for (const LiveObject& object : world_.objects()) bodies[object.key] = object.body;
    for (const ObjectChange& change : made) {
      bodies.erase(change.key);
      if (change.after) bodies[change.key] = change.after->body;
    }
    config::ResourceList resources;
    for (const auto& [key, body] : bodies) {
      const std::string origin = "dir/" + key.kind + '.' + key.name_space + '.' + key.name + "@live";
      resources.push_back(std::make_shared<const config::Resource>(config::FromJson(body, origin, "default")));
    }
    config::Findings findings;
    return config::LoadResources(resources, {}, findings, "1").findings;
  }

  World world_;
  std::vector<Change> changes_;
  int uids_ = 0;
};

// A service with two versions and rules that divide its traffic, in the namespace ml.
inline constexpr const char* kRules = R"(apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking, namespace: ml}
spec:
  hosts: [ranking]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {http: 9145}, labels: {version: v45}}
  - {address: 127.0.0.1, ports: {http: 9147}, labels: {version: v47}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ranking, namespace: ml}
spec:
  host: ranking
  subsets:
  - {name: v45, labels: {version: v45}}
  - {name: v47, labels: {version: v47}}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: ranking-vs, namespace: ml, labels: {team: ranking}}
spec:
  hosts: [ranking]
  http:
  - name: premium
    match: [{headers: {x-segment: {exact: premium}}}]
    route: [{destination: {host: ranking, subset: v47}}]
  - name: default
    route:
    - {destination: {host: ranking, subset: v45}, weight: 90}
    - {destination: {host: ranking, subset: v47}, weight: 10}
)";

inline constexpr const char* kVirtualServices = "/apis/networking.istio.io/v1/namespaces/ml/virtualservices";
inline constexpr const char* kVirtualService = "/apis/networking.istio.io/v1/namespaces/ml/virtualservices/ranking-vs";

}  // namespace sluice::gateway

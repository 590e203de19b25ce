#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"
#include "config/hostname.h"
#include "config/resource_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::config {
namespace {

void UnknownKind(const std::string& kind, Mark mark, const Scope& scope) {
  if (kind == kRouteTestKind) {  // by another way than a file
    return scope.Error("SL1102", mark, "a RouteTest is no resource of a gateway", "give its file to sluice test");
  }
  std::vector<std::string_view> names = {kRouteTestKind};
  for (const ResourceKind& known : ResourceKinds()) names.push_back(known.kind);
  const auto nearest = Nearest(kind, names);
  scope.Error(
      "SL1102", mark, Format("the kind `{}` is not known here", kind.substr(0, 80)),
      nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "keep other resources out of this directory");
}

// Ours are checked to the letter; every other annotation is free text by Kubernetes' rules.
void CheckAnnotations(const TextMap& annotations, const Metadata& meta, const Scope& scope) {
  struct Known {
    std::string_view name;
    std::string_view kind;
  };
  constexpr std::array kKnown = {Known{"sluice.dev/ejection-backoff", "DestinationRule"},
                                 Known{"sluice.dev/sticky", "VirtualService"}};
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with("sluice.dev/")) continue;
    const auto found = std::ranges::find(kKnown, std::string_view(name), &Known::name);
    if (found != kKnown.end() && found->kind == meta.kind) continue;
    if (found != kKnown.end()) {
      scope.Error("SL1105", meta.mark, Format("the annotation {} has no meaning on a {}", name, meta.kind),
                  Format("it belongs on a {}", found->kind));
      continue;
    }
    constexpr std::array<std::string_view, 2> kNames = {kKnown[0].name, kKnown[1].name};
    const auto nearest = Nearest(name, kNames);
    scope.Error("SL1105", meta.mark, Format("unknown annotation {}", name.substr(0, 80)),
                nearest.has_value() ? Format("did you mean {}?", *nearest)
                                    : Format("known are {} and {}", kNames[0], kNames[1]));
  }
}

// Fields that the API server writes; a manifest saved with `kubectl get -o yaml` holds them.
void SkipServerFields(Fields& metadata) {
  for (const std::string_view key :
       {"creationTimestamp", "generation", "resourceVersion", "uid", "managedFields", "selfLink", "ownerReferences",
        "finalizers", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    metadata.Has(key);
  }
}

}  // namespace

bool DocumentParser::CheckApiVersion(Fields& fields, const std::string& kind, const Scope& scope) {
  const auto text = fields.Text("apiVersion");
  const ResourceKind* known = FindKind(kind);
  if (known == nullptr) {
    UnknownKind(kind, fields.MarkOf("kind"), scope);
    return false;
  }
  if (!fields.Require("apiVersion") || !text.has_value()) return false;
  const std::size_t slash = std::min(text->find('/'), text->size());
  const std::string_view group = std::string_view(*text).substr(0, slash);
  const std::string_view version = std::string_view(*text).substr(std::min(slash + 1, text->size()));
  if (group != known->group || !HasVersion(*known, version)) {
    scope.Error("SL1102", fields.MarkOf("apiVersion"),
                Format("a {} of apiVersion `{}` is not known here", kind, text->substr(0, 80)),
                Format("write {}/{}", known->group, known->versions.front()));
    return false;
  }
  return true;
}

bool DocumentParser::Claim(const Metadata& meta, const Scope& scope) {
  const auto [first, fresh] = seen_.try_emplace({meta.kind, meta.name_space, meta.name}, Place{meta.file, meta.mark});
  if (fresh) return true;
  scope.Error("SL1104", meta.mark,
              Format("{} {} is defined twice; the first is at {}:{}", meta.kind, meta.Id(), first->second.file,
                     first->second.mark.line),
              "kubectl apply would replace the first by this one: keep one, or rename one");
  return false;
}

void DocumentParser::Parse(const YamlNode& document, const std::string& file) {
  const Scope scope{file, findings_};
  const YamlNode* kind_node = document.Find("kind");
  if (document.kind != YamlNode::Kind::kMap || kind_node == nullptr || kind_node->kind != YamlNode::Kind::kScalar) {
    scope.Error("IST0106", document.mark, "this document is no resource: it has no `kind`",
                "write apiVersion, kind, metadata and spec");
    return;
  }
  const std::string& kind = kind_node->text;

  Metadata meta{kind, documents_.default_namespace, "", file, document.mark};
  TextMap annotations;
  bool usable = true;
  {
    Fields fields(document, "", scope);
    fields.Text("kind");
    usable = CheckApiVersion(fields, kind, scope);
    fields.Has("spec");
    fields.Has("status");  // written by controllers
    fields.Require("metadata");
    if (const YamlNode* node = fields.Map("metadata")) {
      Fields metadata(*node, "metadata", scope);
      SkipServerFields(metadata);
      metadata.TextsByKey("labels");
      annotations = metadata.TextsByKey("annotations");
      if (const auto name_space = ReadLabelName(metadata, "namespace")) meta.name_space = *name_space;
      metadata.Require("name");
      if (const auto name = metadata.Text("name")) {
        meta.name = *name;
        meta.mark = metadata.MarkOf("name");
        if (!IsHostName(*name, false)) {
          scope.Error("IST0106", meta.mark, Format("metadata.name `{}` is no DNS name", name->substr(0, 80)),
                      "use lower-case letters, digits, dashes and dots");
        }
      }
    }
  }
  if (!usable) return;
  CheckAnnotations(annotations, meta, scope);
  if (!meta.name.empty() && !Claim(meta, scope)) return;
  ParseSpec(document, annotations, meta, scope);
}

void DocumentParser::ParseSpec(const YamlNode& document, const TextMap& annotations, const Metadata& meta,
                               const Scope& scope) {
  const YamlNode* node = document.Find("spec");
  if (node == nullptr || node->kind == YamlNode::Kind::kNull) {
    scope.Error("IST0106", document.mark, Format("the {} has no spec", meta.kind));
    return;
  }
  Fields spec(*node, "spec", scope);
  if (meta.kind == "VirtualService") return ParseVirtualService(spec, meta, annotations, documents_);
  if (meta.kind == "DestinationRule") return ParseDestinationRule(spec, meta, annotations, documents_);
  if (meta.kind == "ServiceEntry") return ParseServiceEntry(spec, meta, documents_);
  if (meta.kind == "Gateway") return ParseGateway(spec, meta, documents_);
  if (meta.kind == "PeerAuthentication") return ParsePeerAuthentication(spec, meta, documents_);
  if (meta.kind == "AuthorizationPolicy") return ParseAuthorizationPolicy(spec, meta, annotations, documents_);
  if (meta.kind == "Experiment") return ParseExperiment(spec, meta, documents_);
  if (meta.kind == "Canary") return ParseCanary(spec, meta, documents_);
  if (settings_++ > 0) {
    scope.Error("SL1104", meta.mark, "a second GatewaySettings", "the process has one; merge them");
  }
  ParseGatewaySettings(spec, documents_);
}

}  // namespace sluice::config

#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::config {
namespace {

struct Kind {
  std::string_view name;
  std::string_view group;
  bool carried;
};

constexpr std::array kKinds = {
    Kind{"VirtualService", "networking.istio.io", true},
    Kind{"DestinationRule", "networking.istio.io", true},
    Kind{"ServiceEntry", "networking.istio.io", true},
    Kind{"Gateway", "networking.istio.io", true},
    Kind{"PeerAuthentication", "security.istio.io", true},
    Kind{"AuthorizationPolicy", "security.istio.io", true},
    Kind{"Experiment", "sluice.dev", true},
    Kind{"GatewaySettings", "sluice.dev", true},
    Kind{"Canary", "sluice.dev", false},
};

const Kind* FindKind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

bool KnownVersion(std::string_view group, std::string_view version) {
  if (group == "sluice.dev") return version == "v1alpha1";
  if (group == "security.istio.io") return version == "v1" || version == "v1beta1";
  return version == "v1" || version == "v1beta1" || version == "v1alpha3";
}

void UnknownKind(const std::string& kind, Mark mark, const Scope& scope) {
  std::vector<std::string_view> names;
  for (const Kind& known : kKinds) names.push_back(known.name);
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
  const Kind* known = FindKind(kind);
  if (known == nullptr) {
    UnknownKind(kind, fields.MarkOf("kind"), scope);
    return false;
  }
  if (!fields.Require("apiVersion") || !text.has_value()) return false;
  const std::size_t slash = std::min(text->find('/'), text->size());
  const std::string_view group = std::string_view(*text).substr(0, slash);
  const std::string_view version = std::string_view(*text).substr(std::min(slash + 1, text->size()));
  if (group != known->group || !KnownVersion(group, version)) {
    scope.Error("SL1102", fields.MarkOf("apiVersion"),
                Format("a {} of apiVersion `{}` is not known here", kind, text->substr(0, 80)),
                Format("write {}/{}", known->group, known->group == "sluice.dev" ? "v1alpha1" : "v1"));
    return false;
  }
  if (!known->carried) {
    scope.Error("SL1103", fields.MarkOf("kind"), Format("this build does not carry {} resources yet", kind),
                "take it out of the configuration of this gateway");
    return false;
  }
  return true;
}

bool DocumentParser::Claim(const Metadata& meta, const Scope& scope) {
  const auto same = [&](const Metadata& other) {
    return other.kind == meta.kind && other.name_space == meta.name_space && other.name == meta.name;
  };
  const auto first = std::ranges::find_if(seen_, same);
  if (first != seen_.end()) {
    scope.Error(
        "SL1104", meta.mark,
        Format("{} {} is defined twice; the first is at {}:{}", meta.kind, meta.Id(), first->file, first->mark.line),
        "kubectl apply would replace the first by this one: keep one, or rename one");
    return false;
  }
  seen_.push_back(meta);
  return true;
}

void DocumentParser::ParseList(const YamlNode& document, const Scope& scope) {
  Fields fields(document, "", scope);
  fields.Text("apiVersion");
  fields.Text("kind");
  fields.Has("metadata");  // of the list itself: bookkeeping of the API server
  const YamlNode* items = fields.List("items");
  if (!fields.Require("items") || items == nullptr) return;
  for (const YamlNode& item : items->items) Parse(item, scope.file);
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
  if (kind == "List") return ParseList(document, scope);

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
  const auto settings = std::ranges::count(seen_, std::string_view("GatewaySettings"), &Metadata::kind);
  if (settings > 1) {
    scope.Error("SL1104", meta.mark, "a second GatewaySettings", "the process has one; merge them");
  }
  ParseGatewaySettings(spec, documents_);
}

}  // namespace sluice::config

#include "config/loader.h"

#include "config/document.h"
#include "config/fields.h"
#include "config/fingerprint.h"
#include "config/parse.h"
#include "config/resource_kind.h"
#include "config/source_files.h"
#include "config/validate.h"
#include "config/yaml_node.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

std::vector<std::string> NamesToResolve(const Documents& documents) {
  std::set<std::string> names;
  for (const ServiceEntry& entry : documents.service_entries) {
    for (const WorkloadEndpoint& endpoint : entry.endpoints) {
      if (endpoint.is_name) names.insert(endpoint.address);
    }
  }
  return {names.begin(), names.end()};
}

std::string FingerprintOf(const std::vector<Source>& sources, const std::string& default_namespace) {
  Fingerprint fingerprint;
  fingerprint.Add(default_namespace);
  for (const Source& source : sources) {
    fingerprint.Add(source.name);
    fingerprint.Add(source.text);
  }
  return fingerprint.Text();
}

Loaded LoadTexts(const std::vector<Source>& sources, const LoadOptions& options, Findings& findings) {
  const ResourceList resources = ToResources(sources, options.default_namespace, findings);
  return LoadResources(resources, options, findings, FingerprintOf(sources, options.default_namespace));
}

std::string TextAt(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.Find(key);
  return found != nullptr && found->kind == YamlNode::Kind::kScalar ? found->text : std::string();
}

ResourceKey KeyAt(const YamlNode& root, const std::string& default_namespace) {
  ResourceKey key{TextAt(root, "kind"), default_namespace, ""};
  const YamlNode* metadata = root.Find("metadata");
  if (metadata == nullptr) return key;
  key.name = TextAt(*metadata, "name");
  if (std::string name_space = TextAt(*metadata, "namespace"); !name_space.empty()) {
    key.name_space = std::move(name_space);
  }
  return key;
}

// A document, or each of the items of a List, also within each other.
void Unfold(YamlNode root, const std::string& file, const std::string& default_namespace, Findings& findings,
            ResourceList& into) {
  if (TextAt(root, "kind") == kRouteTestKind) return;  // may lie beside the rules that it tests
  if (TextAt(root, "kind") != "List") {
    ResourceKey key = KeyAt(root, default_namespace);
    into.push_back(std::make_shared<const Resource>(std::move(key), std::move(root), file));
    return;
  }
  {
    const Scope scope{file, findings};
    Fields fields(root, "", scope);
    fields.Text("apiVersion");
    fields.Text("kind");
    fields.Has("metadata");  // of the list itself: bookkeeping of the API server
    if (!fields.Require("items") || fields.List("items") == nullptr) return;
  }
  for (YamlMember& member : root.members) {
    if (member.key != "items") continue;
    for (YamlNode& item : member.value.items) Unfold(std::move(item), file, default_namespace, findings, into);
  }
}

}  // namespace

ResourceList ToResources(const std::vector<Source>& sources, const std::string& default_namespace, Findings& findings) {
  ResourceList resources;
  for (const Source& source : sources) {
    const std::size_t errors = findings.errors();
    std::vector<YamlNode> roots = ParseYaml(source.text, source.name, findings);
    if (roots.empty() && findings.errors() == errors) {
      findings.Error("SL1004", {source.name, {}}, "the file holds no resource", "write one, or remove the file");
    }
    for (YamlNode& root : roots) Unfold(std::move(root), source.name, default_namespace, findings, resources);
  }
  return resources;
}

ResourceList ReadResources(const LoadOptions& options, Findings& findings) {
  return ToResources(ReadSources(options.paths, findings), options.default_namespace, findings);
}

Loaded LoadResources(const ResourceList& resources, const LoadOptions& options, Findings& findings,
                     const std::string& revision) {
  auto documents = std::make_shared<Documents>();
  documents->default_namespace = options.default_namespace;
  documents->own_port = options.own_port;
  documents->settings.identity.name_space = options.default_namespace;
  documents->revision = revision;
  DocumentParser parser(*documents, findings);
  for (const auto& resource : resources) parser.Parse(resource->root, resource->origin);
  Validate(*documents, findings);

  Loaded loaded;
  loaded.ok = !findings.has_errors();
  loaded.findings = findings.Take();
  loaded.dns_names = NamesToResolve(*documents);
  loaded.revision = revision;
  loaded.documents = std::move(documents);
  return loaded;
}

Loaded Load(const LoadOptions& options) {
  Findings findings;
  const std::vector<Source> sources = ReadSources(options.paths, findings);
  return LoadTexts(sources, options, findings);
}

Loaded LoadSources(const std::vector<Source>& sources, const std::string& default_namespace) {
  Findings findings;
  return LoadTexts(sources, {.paths = {}, .default_namespace = default_namespace}, findings);
}

}  // namespace sluice::config

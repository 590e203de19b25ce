#include "config/loader.h"

#include "config/document.h"
#include "config/parse.h"
#include "config/source_files.h"
#include "config/validate.h"
#include "config/yaml_node.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

// FNV-1a, 64 bits: tells revisions apart for people and logs. Nothing trusts it.
class Fingerprint {
 public:
  void Add(std::string_view text) {
    for (const char c : text) Mix(static_cast<unsigned char>(c));
    Mix(0);
  }

  std::string Text() const {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kHex[(hash_ >> shift) & 15];
    return text;
  }

 private:
  void Mix(std::uint64_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

std::vector<std::string> NamesToResolve(const Documents& documents) {
  std::set<std::string> names;
  for (const ServiceEntry& entry : documents.service_entries) {
    for (const WorkloadEndpoint& endpoint : entry.endpoints) {
      if (endpoint.is_name) names.insert(endpoint.address);
    }
  }
  return {names.begin(), names.end()};
}

Loaded LoadTexts(const std::vector<Source>& sources, const std::string& default_namespace, std::uint16_t own_port,
                 Findings& findings) {
  auto documents = std::make_shared<Documents>();
  documents->default_namespace = default_namespace;
  documents->own_port = own_port;
  documents->settings.identity.name_space = default_namespace;
  DocumentParser parser(*documents, findings);
  Fingerprint fingerprint;
  fingerprint.Add(default_namespace);
  for (const Source& source : sources) {
    fingerprint.Add(source.name);
    fingerprint.Add(source.text);
    const std::size_t errors = findings.errors();
    const std::vector<YamlNode> roots = ParseYaml(source.text, source.name, findings);
    if (roots.empty() && findings.errors() == errors) {
      findings.Error("SL1004", {source.name, {}}, "the file holds no resource", "write one, or remove the file");
    }
    for (const YamlNode& root : roots) parser.Parse(root, source.name);
  }
  documents->revision = fingerprint.Text();
  Validate(*documents, findings);

  Loaded loaded;
  loaded.ok = !findings.has_errors();
  loaded.findings = findings.Take();
  loaded.dns_names = NamesToResolve(*documents);
  loaded.revision = documents->revision;
  loaded.documents = std::move(documents);
  return loaded;
}

}  // namespace

Loaded Load(const LoadOptions& options) {
  Findings findings;
  const std::vector<Source> sources = ReadSources(options.paths, findings);
  return LoadTexts(sources, options.default_namespace, options.own_port, findings);
}

Loaded LoadSources(const std::vector<Source>& sources, const std::string& default_namespace) {
  Findings findings;
  return LoadTexts(sources, default_namespace, 0, findings);
}

}  // namespace sluice::config

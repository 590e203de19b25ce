// Files -> findings and documents -> snapshot: the whole of config/ as others see it.
// Load may be called again at any time (SIGHUP, a watched file); nothing is kept between calls. Blocking file I/O,
// so never on a worker: the control thread's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/resource.h"
#include "core/snapshot/snapshot.h"

namespace sluice::config {

struct Documents;  // config/document.h

struct LoadOptions {
  // Files, or directories of which every *.yaml and *.yml that is not hidden is read, sorted by name and not
  // recursively. Symbolic links are followed, so a mounted Kubernetes ConfigMap works.
  std::vector<std::string> paths;
  std::string default_namespace = "default";  // of resources without metadata.namespace
  std::uint16_t own_port = 0;                 // of --http-port, which portLevelMtls may speak of; 0: not known
};

// One text to load: a file's content under its name, or a resource that arrived by another way.
struct Source {
  std::string name;
  std::string text;
};

struct Loaded {
  std::vector<Finding> findings;               // sorted by file and line
  bool ok = false;                             // no finding is an error
  std::shared_ptr<const Documents> documents;  // what could be read; compile it only when ok
  std::vector<std::string> dns_names;          // names of DNS ServiceEntries, sorted, to be resolved for Compile
  std::string revision;                        // 16 hex digits over names and texts: equal texts, equal revision
};

// Resources in the order in which they are read; shared, because most of them stay as they are when some change.
using ResourceList = std::vector<std::shared_ptr<const Resource>>;

// The files of `options.paths`, unfolded (several documents, kind List). What is no resource at all stays in the list,
// without a key, and is an error of LoadResources.
ResourceList ReadResources(const LoadOptions& options, Findings& findings);
ResourceList ToResources(const std::vector<Source>& sources, const std::string& default_namespace, Findings& findings);

// Resources -> documents; `findings` are those of reading them. `revision` names what comes of it.
Loaded LoadResources(const ResourceList& resources, const LoadOptions& options, Findings& findings,
                     const std::string& revision);

Loaded Load(const LoadOptions& options);
Loaded LoadSources(const std::vector<Source>& sources, const std::string& default_namespace);

// Name -> IP literals. A name that is missing has no endpoints yet.
using ResolvedHosts = std::map<std::string, std::vector<std::string>, std::less<>>;

// Cannot fail for documents of a Loaded that was ok. A re-resolved name is a new Compile of the same documents.
// State pointers of clusters and endpoints are null: whoever publishes sets them. `generation` is 0.
std::unique_ptr<core::Snapshot> Compile(const Documents& documents, const ResolvedHosts& resolved);

}  // namespace sluice::config

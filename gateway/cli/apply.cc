#include "gateway/cli/apply.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "config/source_files.h"
#include "config/yaml_node.h"
#include "gateway/cli/change_report.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/validate.h"

namespace sluice::gateway {
namespace {

using config::Finding;
using config::Findings;
using config::Json;
using config::YamlNode;

struct ApplyOptions {
  AdminOptions admin{};
  ChangeOptions change{};
  std::vector<std::string> paths{};
  std::string name_space{};
};

struct DeleteOptions {
  AdminOptions admin{};
  ChangeOptions change{};
  std::string kind{};
  std::vector<std::string> names{};
  std::string name_space = "default";
};

class ObjectReader {
 public:
  ObjectReader(std::string name_space, Findings& findings) : name_space_(std::move(name_space)), findings_(findings) {}

  void Read(const YamlNode& document, const std::string& file) {
    if (document.kind == YamlNode::Kind::kNull) return;
    const YamlNode* const kind = document.Find("kind");
    const YamlNode* const items = document.Find("items");
    if (kind != nullptr && kind->text == "List" && items != nullptr) {
      for (const YamlNode& item : items->items) Read(item, file);
      return;
    }
    Json object = config::ToJson(document);
    const auto key = config::KeyOf(object, name_space_.empty() ? "default" : name_space_);
    if (!key) {
      findings_.Error("IST0106", {file, document.mark}, key.error().cause, key.error().cure);
      return;
    }
    const auto [first, fresh] = seen_.emplace(*key, file + ':' + std::to_string(document.mark.line));
    if (!fresh) {
      findings_.Error("SL1104", {file, document.mark},
                      key->Text() + " is there twice; the first is at " + first->second,
                      "one change makes one object of it: keep one");
      return;
    }
    Json& metadata = object["metadata"];
    if (!name_space_.empty() && !metadata.contains("namespace")) metadata["namespace"] = name_space_;
    objects_.push_back(std::move(object));
  }

  Json Take() { return std::move(objects_); }

 private:
  const std::string name_space_;
  Findings& findings_;
  std::map<config::ResourceKey, std::string> seen_;
  Json objects_ = Json::array();
};

std::vector<config::Source> ReadPaths(const std::vector<std::string>& paths, Findings& findings) {
  std::vector<config::Source> sources;
  for (const std::string& path : paths) {
    if (path == "-") {
      sources.push_back({"stdin", std::string(std::istreambuf_iterator<char>(std::cin), {})});
      continue;
    }
    std::ranges::move(config::ReadSources({path}, findings), std::back_inserter(sources));
  }
  return sources;
}

int Apply(const ApplyOptions& options) {
  Findings findings;
  const std::vector<config::Source> sources = ReadPaths(options.paths, findings);
  Json objects = ReadObjects(sources, options.name_space, findings);
  const bool usable = !findings.has_errors();
  for (const Finding& finding : findings.Take()) PrintErr(config::FormatFinding(finding));
  if (!usable) return kExitBadConfiguration;
  if (objects.empty()) {
    return Report({core::ErrorCode::kInvalidArgument, "there is no resource in what -f names", "give a file with one"});
  }
  // The gateway knows objects, not our files: what can be found out about them here knows its line.
  const config::Loaded local =
      config::LoadSources(sources, options.name_space.empty() ? "default" : options.name_space);
  return SubmitChange(options.admin, options.change, "/sluice/v1/apply",
                      Json{{"objects", std::move(objects)}, {"source", "apply"}}, local.findings);
}

int Delete(const DeleteOptions& options) {
  Json objects = Json::array();
  // `delete vs/a dr/a` as well as `delete vs a b`.
  const bool pairs = options.kind.find('/') != std::string::npos;
  std::vector<std::string> names = options.names;
  if (pairs) names.insert(names.begin(), options.kind);
  if (names.empty()) {
    return Report({core::ErrorCode::kInvalidArgument, "no object is named", "write sluice delete KIND NAME..."});
  }
  for (const std::string& name : names) {
    const auto key =
        pairs ? ObjectNamed(name, options.name_space) : ObjectNamed(options.kind, name, options.name_space);
    if (!key) return Report(key.error());
    objects.push_back({{"kind", key->kind}, {"namespace", key->name_space}, {"name", key->name}});
  }
  return SubmitChange(options.admin, options.change, "/sluice/v1/delete",
                      Json{{"objects", std::move(objects)}, {"source", "apply"}});
}

}  // namespace

Json ReadObjects(const std::vector<config::Source>& sources, const std::string& name_space, Findings& findings) {
  ObjectReader reader(name_space, findings);
  for (const config::Source& source : sources) {
    for (const YamlNode& document : config::ParseYaml(source.text, source.name, findings)) {
      reader.Read(document, source.name);
    }
  }
  return reader.Take();
}

void AddApply(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* verb = app.add_subcommand("apply", "Put resources in force in a running gateway, all in one revision");
  verb->add_option("-f,--filename", options->paths,
                   "YAML or JSON file, directory of *.yaml, or - for stdin; may be repeated")
      ->type_name("PATH")
      ->required();
  verb->add_option("-n,--namespace", options->name_space,
                   "Namespace of resources that name none; else the gateway's default")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE");
  AddChangeOptions(*verb, options->change);
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"put a rule in force", "sluice apply -f ranking.yaml --state-dir /var/lib/sluice"},
                      {"see what a directory of rules would change", "sluice apply -f rules/ --dry-run"},
                      {"say why, for the history", "sluice apply -f ranking.yaml -m 'v47 to the canary users'"},
                      {"from another program", "generate-rules | sluice apply -f -"}});
  verb->callback([options, &exit_code] { exit_code = Apply(*options); });
}

void AddDelete(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* verb = app.add_subcommand("delete", "Take objects out of force in a running gateway, all in one revision");
  verb->add_option("kind", options->kind, "Kind of the objects (vs, destinationrule, ...), or KIND/NAME")
      ->type_name("KIND")
      ->required();
  verb->add_option("names", options->names, "Their names; NAMESPACE/NAME for one of another namespace")
      ->type_name("NAME");
  verb->add_option("-n,--namespace", options->name_space, "Namespace of the objects")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  AddChangeOptions(*verb, options->change);
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"one object", "sluice delete experiment ranking-v47 -n ml-serving"},
                      {"a rule together with its subsets", "sluice delete vs/ranking dr/ranking -n ml-serving"}});
  verb->callback([options, &exit_code] { exit_code = Delete(*options); });
}

}  // namespace sluice::gateway

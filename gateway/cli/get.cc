#include "gateway/cli/get.h"

#include <memory>
#include <vector>

#include "core/base/text.h"
#include "core/http/uri_escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/unified_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;

struct GetOptions {
  AdminOptions admin{};
  std::string kind{};
  std::string name{};
  std::string name_space = "default";
  std::string output = "table";
  bool all_namespaces = false;
  bool drift = false;
};

// What a file says and nothing runs has no body of its own.
const Json& BodyOf(const Json& entry) {
  const Json& body = FieldOf(entry, "body");
  return body.is_object() ? body : FieldOf(entry, "fileBody");
}

std::string DriftText(const Json& entry) {
  std::string drift = TextOf(entry, "drift");
  if (drift == "none" || drift.empty()) return "no";
  if (drift == "liveOnly") return "live only";
  if (drift == "fileOnly") return "deleted live";
  return drift;
}

std::string HostsOf(const Json& body) {
  const Json& spec = FieldOf(body, "spec");
  std::string hosts = TextOf(spec, "host");
  for (const Json& host : ListOf(spec, "hosts")) {
    if (host.is_string()) hosts += (hosts.empty() ? "" : ",") + host.get<std::string>();
  }
  constexpr std::size_t kShown = 60;
  return hosts.size() <= kShown ? hosts : hosts.substr(0, kShown - 3) + "...";
}

std::string PlaceOf(const Json& entry) {
  const std::string file = TextOf(entry, "file");
  const std::uint64_t line = NumberOf(entry, "line");
  return file.empty() || line == 0 ? file : file + ':' + std::to_string(line);
}

std::string YamlOf(const Json& body) { return body.is_object() ? config::ToYaml(body) : std::string(); }

core::Result<std::string> PathOf(const GetOptions& options) {
  std::string kind = options.kind;
  std::string name = options.name;
  std::string name_space = options.all_namespaces ? "" : options.name_space;
  // `get vs/a` is `get vs a`.
  if (const std::size_t slash = kind.find('/'); slash != std::string::npos && name.empty()) {
    name = kind.substr(slash + 1);
    kind.resize(slash);
  }
  if (!name.empty()) {
    const auto key = ObjectNamed(kind, name, options.name_space);
    if (!key) return std::unexpected(key.error());
    kind = key->kind;
    name = key->name;
    name_space = key->name_space;
  } else if (!kind.empty() && kind != "all") {
    auto full = KindNamed(kind);
    if (!full) return std::unexpected(full.error());
    kind = std::move(*full);
  } else {
    kind.clear();
  }
  return "/sluice/v1/objects?kind=" + core::EscapeUri(kind) + "&namespace=" + core::EscapeUri(name_space) +
         "&name=" + core::EscapeUri(name);
}

void Print(const GetOptions& options, const Json& entries) {
  if (options.output == "yaml") return PrintOut(ObjectsYaml(entries));
  if (options.output == "json") return PrintJson(options.drift ? entries : ObjectsJson(entries));
  if (entries.empty())
    return PrintErr(options.drift ? "nothing differs from its file" : "no such objects are in force");
  PrintOut(ObjectsTable(entries, options.all_namespaces));
  if (options.drift) PrintOut(PaintDiff(DriftDiff(entries), UsesColour()));
}

int Get(const GetOptions& options) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  const auto path = PathOf(options);
  if (!path) return Report(path.error());
  const auto answer = AskJson(*target, "GET", *path);
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  Json entries = Json::array();
  for (const Json& entry : ListOf(answer->body, "objects")) {
    const bool drifts = DriftText(entry) != "no";
    // What was deleted live is not in force: only --drift tells of it.
    if (options.drift ? drifts : FieldOf(entry, "body").is_object()) entries.push_back(entry);
  }
  Print(options, entries);
  if (options.drift) return entries.empty() ? 0 : kExitDifferences;
  if (!entries.empty() || (options.name.empty() && options.kind.find('/') == std::string::npos)) return 0;
  return kExitFailure;
}

}  // namespace

std::string ObjectsTable(const Json& entries, bool namespaces) {
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"NAME", "HOSTS", "REVISION", "DRIFT", "FILE"});
  if (namespaces) rows.front().insert(rows.front().begin(), "NAMESPACE");
  for (const Json& entry : entries) {
    const Json& body = BodyOf(entry);
    const Json& metadata = FieldOf(body, "metadata");
    const std::uint64_t revision = NumberOf(entry, "revision");
    rows.push_back({core::Fold(TextOf(body, "kind")) + '/' + TextOf(metadata, "name"), HostsOf(body),
                    revision == 0 ? "" : std::to_string(revision), DriftText(entry), PlaceOf(entry)});
    if (namespaces) rows.back().insert(rows.back().begin(), TextOf(metadata, "namespace"));
  }
  return Columns(rows);
}

std::string ObjectsYaml(const Json& entries) {
  std::string text;
  for (const Json& entry : entries) text += (text.empty() ? "" : "---\n") + YamlOf(BodyOf(entry));
  return text;
}

Json ObjectsJson(const Json& entries) {
  if (entries.size() == 1) return BodyOf(entries[0]);
  Json items = Json::array();
  for (const Json& entry : entries) items.push_back(BodyOf(entry));
  return Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
}

std::string DriftDiff(const Json& entries) {
  std::string text;
  for (const Json& entry : entries) {
    const Json& body = BodyOf(entry);
    const Json& metadata = FieldOf(body, "metadata");
    const std::string name =
        TextOf(body, "kind") + ' ' + TextOf(metadata, "namespace") + '/' + TextOf(metadata, "name");
    const std::string place = PlaceOf(entry);
    text += UnifiedDiff(YamlOf(FieldOf(entry, "fileBody")), YamlOf(FieldOf(entry, "body")),
                        name + (place.empty() ? " (no file)" : " (" + place + ')'), name + " (in force)");
  }
  return text;
}

void AddGet(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* verb =
      app.add_subcommand("get", "Show the objects in force in a running gateway, and drift from their files");
  verb->add_option("kind", options->kind, "Kind (vs, destinationrule, ...), KIND/NAME, or all")->type_name("KIND");
  verb->add_option("name", options->name, "Name of one object, or NAMESPACE/NAME")->type_name("NAME");
  verb->add_option("-n,--namespace", options->name_space, "Namespace of the objects")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "Those of every namespace");
  verb->add_flag("--drift", options->drift, "Only what differs from its file, and how; exit code 2 when there is some");
  verb->add_option("-o,--output", options->output, "table, yaml or json")
      ->check(CLI::IsMember({"table", "yaml", "json"}))
      ->capture_default_str();
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"everything that is in force", "sluice get -A"},
                      {"one rule as YAML", "sluice get vs content-ranking-vs -n ml-serving -o yaml"},
                      {"what was changed live and is not in the files", "sluice get -A --drift"}});
  verb->callback([options, &exit_code] { exit_code = Get(*options); });
}

}  // namespace sluice::gateway

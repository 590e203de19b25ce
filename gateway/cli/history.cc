#include "gateway/cli/history.h"

#include <memory>
#include <vector>

#include "core/http/uri_escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/change_report.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/unified_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;

struct HistoryOptions {
  AdminOptions admin{};
  std::string object{};
  std::string name_space = "default";
  std::string output = "table";
  std::uint32_t limit = 20;
  bool accepted = false;
  bool verify = false;
};

struct DiffOptions {
  AdminOptions admin{};
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // 0: in force
  std::string output = "text";
};

struct RevertOptions {
  AdminOptions admin{};
  ChangeOptions change{};
  std::uint64_t revision = 0;
};

// Why it was made, or what it did; how much more there is to read.
std::string ChangeText(const Json& revision) {
  const Json& summary = ListOf(revision, "summary");
  std::string text = TextOf(revision, "message");
  std::size_t more = summary.size();
  if (text.empty() && !summary.empty() && summary[0].is_string()) {
    text = summary[0].get<std::string>();
    --more;
    if (more > 0) text += " (+" + std::to_string(more) + " more)";
  }
  if (FlagOf(revision, "accepted", true)) return text;
  for (const Json& finding : ListOf(revision, "findings")) {
    if (TextOf(finding, "severity") != "error") continue;
    return text + (text.empty() ? "" : ": ") + TextOf(finding, "code") + ' ' + TextOf(finding, "message");
  }
  return text;
}

core::Result<std::string> PathOf(const HistoryOptions& options) {
  std::string path = "/sluice/v1/history?limit=" + std::to_string(options.limit);
  if (options.accepted) path += "&rejected=false";
  if (options.object.empty()) return path;
  const auto key = ObjectNamed(options.object, options.name_space);
  if (!key) return std::unexpected(key.error());
  return path + "&object=" + core::EscapeUri(key->kind + '/' + key->name_space + '/' + key->name);
}

int TellVerified(const Json& body, bool json) {
  const bool intact = FlagOf(body, "intact", false);
  if (json) {
    PrintJson(body);
  } else if (intact) {
    PrintOut("the history is intact: " + std::to_string(NumberOf(body, "revisions")) + " entries\n");
  }
  if (intact) return 0;
  PrintErr("sluice: the history is not what was written: " + TextOf(body, "error"));
  return kExitFailure;
}

int History(const HistoryOptions& options) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  const auto path = options.verify ? std::string("/sluice/v1/verify") : PathOf(options);
  if (!path) return Report(path.error());
  const auto answer = AskJson(*target, "GET", *path);
  if (!answer) return Report(answer.error());
  const bool json = options.output == "json";
  if (options.verify && answer->body.contains("intact")) return TellVerified(answer->body, json);
  if (answer->status >= 400) return ReportRefusal(*answer);
  const Json& revisions = ListOf(answer->body, "revisions");
  json ? PrintJson(revisions) : PrintOut(HistoryTable(revisions, ListOf(answer->body, "decisions")));
  return 0;
}

int Diff(const DiffOptions& options) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  std::string path = "/sluice/v1/diff?from=" + std::to_string(options.from);
  if (options.to != 0) path += "&to=" + std::to_string(options.to);
  const auto answer = AskJson(*target, "GET", path);
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  if (options.output == "json") {
    PrintJson(answer->body);
  } else {
    PrintOut(RevisionDiff(answer->body, UsesColour()));
  }
  return ListOf(answer->body, "objects").empty() ? 0 : kExitDifferences;
}

int Revert(const RevertOptions& options) {
  return SubmitChange(options.admin, options.change, "/sluice/v1/revert", Json{{"revision", options.revision}});
}

std::string YamlOf(const Json& body) { return body.is_object() ? config::ToYaml(body) : std::string(); }

}  // namespace

std::string HistoryTable(const Json& revisions, const Json& decisions) {
  std::vector<std::vector<std::string>> rows = {{"REVISION", "TIME", "AUTHOR", "SOURCE", "CHANGE"}};
  const auto time = [](const Json& entry) { return static_cast<std::int64_t>(NumberOf(entry, "timeUs")); };
  auto decision = decisions.begin();
  const auto tell_since = [&](std::int64_t oldest) {
    for (; decision != decisions.end() && time(*decision) >= oldest; ++decision) {
      rows.push_back({"-", TimeText(time(*decision)), TextOf(*decision, "author"), "canary",
                      TextOf(*decision, "canary") + ": " + TextOf(*decision, "text")});
    }
  };
  for (const Json& revision : revisions) {
    tell_since(time(revision));
    const bool accepted = FlagOf(revision, "accepted", true);
    rows.push_back({accepted ? std::to_string(NumberOf(revision, "number")) : "rejected", TimeText(time(revision)),
                    TextOf(revision, "author"), TextOf(revision, "source"), ChangeText(revision)});
  }
  tell_since(INT64_MIN);
  return Columns(rows);
}

std::string RevisionDiff(const Json& answer, bool colours) {
  std::string text;
  for (const Json& line : ListOf(answer, "summary")) {
    if (line.is_string()) text += line.get<std::string>() + '\n';
  }
  std::string diff;
  for (const Json& object : ListOf(answer, "objects")) {
    const std::string name = TextOf(object, "kind") + ' ' + TextOf(object, "namespace") + '/' + TextOf(object, "name");
    diff += UnifiedDiff(YamlOf(FieldOf(object, "before")), YamlOf(FieldOf(object, "after")),
                        name + " (revision " + std::to_string(NumberOf(answer, "from")) + ')',
                        name + " (revision " + std::to_string(NumberOf(answer, "to")) + ')');
  }
  return text + (text.empty() || diff.empty() ? "" : "\n") + PaintDiff(diff, colours);
}

void AddHistory(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* verb =
      app.add_subcommand("history", "Show who changed what and when, with refused changes and decisions of canaries");
  verb->add_option("--object", options->object, "Only changes of this one: KIND/NAME or KIND/NAMESPACE/NAME")
      ->type_name("KIND/NAME");
  verb->add_option("-n,--namespace", options->name_space, "Namespace of the object")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  verb->add_option("--limit", options->limit, "At most so many, newest first")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--accepted", options->accepted, "Without refused changes");
  verb->add_flag("--verify", options->verify,
                 "Check the chain of hashes: whether this is the history that was written");
  verb->add_option("-o,--output", options->output, "table, or json for tools")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"the last changes", "sluice history"},
                      {"of one rule", "sluice history --object vs/ml-serving/content-ranking-vs --limit 5"},
                      {"was somebody at the database?", "sluice history --verify"}});
  verb->callback([options, &exit_code] { exit_code = History(*options); });
}

void AddDiff(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* verb = app.add_subcommand("diff", "Show how two revisions differ; exit code 2 when they do");
  verb->add_option("from", options->from, "Number of the older revision")
      ->type_name("REVISION")
      ->check(CLI::PositiveNumber)
      ->required();
  verb->add_option("to", options->to, "Number of the newer one; else what is in force")
      ->type_name("REVISION")
      ->check(CLI::PositiveNumber);
  verb->add_option("-o,--output", options->output, "text, or json for tools")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"what has happened since revision 41", "sluice diff 41"},
                      {"what revision 42 changed", "sluice diff 41 42"}});
  verb->callback([options, &exit_code] { exit_code = Diff(*options); });
}

void AddRevert(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RevertOptions>();
  CLI::App* verb = app.add_subcommand("revert", "Put the objects of an earlier revision in force again, as a new one");
  verb->add_option("revision", options->revision, "Number of the revision to go back to")
      ->type_name("REVISION")
      ->check(CLI::PositiveNumber)
      ->required();
  AddChangeOptions(*verb, options->change);
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"see what going back would change", "sluice revert 41 --dry-run"},
                      {"go back", "sluice revert 41 -m 'p99 of v47 is up'"}});
  verb->callback([options, &exit_code] { exit_code = Revert(*options); });
}

}  // namespace sluice::gateway

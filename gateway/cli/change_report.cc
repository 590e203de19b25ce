#include "gateway/cli/change_report.h"

#include <algorithm>
#include <set>

#include "gateway/cli/exit_code.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/validate.h"

namespace sluice::gateway {
namespace {

using config::Json;

config::Finding FindingOf(const Json& json) {
  config::Finding finding;
  const std::string severity = TextOf(json, "severity");
  if (severity == config::SeverityText(config::Severity::kWarning)) finding.severity = config::Severity::kWarning;
  if (severity == config::SeverityText(config::Severity::kInfo)) finding.severity = config::Severity::kInfo;
  finding.code = TextOf(json, "code");
  finding.message = TextOf(json, "message");
  finding.cure = TextOf(json, "cure");
  finding.place = {
      TextOf(json, "file"),
      {static_cast<std::uint32_t>(NumberOf(json, "line")), static_cast<std::uint32_t>(NumberOf(json, "column"))}};
  return finding;
}

// The same finding in the user's own file, when there is just one.
config::Finding InOwnFile(const config::Finding& finding, const std::vector<config::Finding>& local) {
  const auto same = [&](const config::Finding& other) {
    return other.code == finding.code && other.message == finding.message;
  };
  const auto first = std::ranges::find_if(local, same);
  if (first == local.end() || std::find_if(first + 1, local.end(), same) != local.end()) return finding;
  return *first;
}

int ExitCodeOf(const JsonAnswer& answer) {
  if (answer.status < 400) return 0;
  const bool gate = TextOf(answer.body, "outcome").starts_with("gate");
  return answer.status == 422 && !gate ? kExitBadConfiguration : kExitFailure;
}

// Whether a finding is about an object that the change has written: what else is in force is told by `sluice validate`.
bool OfTheChange(const Json& finding, const Json& body) {
  const std::string file = TextOf(finding, "file");
  return std::ranges::any_of(ListOf(body, "objects"), [&](const Json& object) {
    return file.ends_with(TextOf(object, "kind") + '.' + TextOf(object, "namespace") + '.' + TextOf(object, "name") +
                          "@live");
  });
}

// How many of them are errors. Of a change that was refused, notes are left out.
std::size_t TellFindings(const Json& body, bool refused, const std::vector<config::Finding>& local) {
  std::size_t errors = 0;
  for (const Json& json : ListOf(body, "findings")) {
    const config::Finding finding = FindingOf(json);
    if (finding.severity == config::Severity::kError) ++errors;
    if (refused ? finding.severity == config::Severity::kInfo : !OfTheChange(json, body)) continue;
    PrintErr(config::FormatFinding(InOwnFile(finding, local)));
  }
  return errors;
}

void TellDone(const Json& body, bool dry_run) {
  std::string text;
  std::set<std::string> told;  // "created" and "deleted" are all that the summary says, too
  for (const Json& object : ListOf(body, "objects")) {
    const std::string name = TextOf(object, "kind") + ' ' + TextOf(object, "namespace") + '/' + TextOf(object, "name");
    text += name + ' ' + TextOf(object, "change") + '\n';
    told.insert(name + ": " + TextOf(object, "change"));
  }
  for (const Json& line : ListOf(body, "summary")) {
    if (line.is_string() && !told.contains(line.get<std::string>())) text += "  " + line.get<std::string>() + '\n';
  }
  const std::string number = std::to_string(NumberOf(body, "revision"));
  const bool unchanged = TextOf(body, "outcome") == "unchanged";
  if (unchanged) {
    text += "nothing to change; revision " + number + " is in force\n";
  } else if (dry_run) {
    text += "dry run: would be accepted; nothing was changed\n";
  } else {
    text += "revision " + number + " is in force\n";
  }
  PrintOut(text);
}

}  // namespace

void AddChangeOptions(CLI::App& verb, ChangeOptions& options) {
  verb.add_flag("--dry-run", options.dry_run, "Tell what would happen; change nothing");
  verb.add_option("-m,--message", options.message, "Why, for the history")->type_name("WORDS");
  verb.add_option("-o,--output", options.output, "text, or json for tools")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int TellChange(const JsonAnswer& answer, const ChangeOptions& options, const std::vector<config::Finding>& local) {
  const int code = ExitCodeOf(answer);
  if (options.output == "json") {
    PrintJson(answer.body);
    return code;
  }
  const std::size_t errors = TellFindings(answer.body, code != 0, local);
  if (code == 0) {
    for (const Json& warning : ListOf(answer.body, "warnings")) {
      if (warning.is_string()) PrintErr("warning: " + warning.get<std::string>());
    }
    TellDone(answer.body, options.dry_run);
    return 0;
  }
  if (errors > 0) {
    PrintErr("sluice: the change was refused: " + std::to_string(errors) + (errors == 1 ? " error" : " errors") +
             "; nothing was changed");
    return code;
  }
  const std::string error = TextOf(answer.body, "error");
  PrintErr("sluice: " +
           (error.empty() ? "the gateway refused the change with " + std::to_string(answer.status) : error));
  return code;
}

int SubmitChange(const AdminOptions& admin, const ChangeOptions& options, const std::string& path, Json body,
                 const std::vector<config::Finding>& local) {
  const auto target = ResolveTarget(admin);
  if (!target) return Report(target.error());
  body["dryRun"] = options.dry_run;
  body["message"] = options.message;
  const auto answer = AskJson(*target, "POST", path, &body);
  if (!answer) return Report(answer.error());
  return TellChange(*answer, options, local);
}

}  // namespace sluice::gateway

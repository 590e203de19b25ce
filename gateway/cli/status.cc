#include "gateway/cli/status.h"

#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Json;

struct StatusOptions {
  AdminOptions admin{};
  std::string output = "text";
};

// "2026-11-26 16:09:35Z, apply by ana@build-7: v47 10 % -> 25 %"
std::string EntryText(const Json& entry) {
  if (!entry.is_object()) return "none";
  std::string text = TimeText(static_cast<std::int64_t>(NumberOf(entry, "timeUs"))) + ", " + TextOf(entry, "source") +
                     " by " + TextOf(entry, "author");
  const Json& summary = ListOf(entry, "summary");
  std::string why = TextOf(entry, "message");
  if (why.empty() && !summary.empty() && summary[0].is_string()) why = summary[0].get<std::string>();
  if (!why.empty()) text += ": " + why;
  return text;
}

std::string CountsText(const Json& counts) {
  std::string text;
  for (const auto& [kind, count] : counts.items()) {
    text += (text.empty() ? "" : ", ") + count.dump() + ' ' + kind;
  }
  return text.empty() ? "none" : text;
}

std::string DriftText(std::uint64_t drifting) {
  if (drifting == 0) return "none: what runs is what the files say";
  return std::to_string(drifting) +
         (drifting == 1 ? " object differs from its file" : " objects differ from their files") +
         "; sluice get -A --drift shows how";
}

// "SL2050 the users of experiment ...; do not compare the arms"
std::string FindingText(const Json& finding) {
  const std::string cure = TextOf(finding, "cure");
  return TextOf(finding, "code") + ' ' + TextOf(finding, "message") + (cure.empty() ? "" : "; " + cure);
}

std::string StatusText(const AdminTarget& target, const Json& body) {
  const std::string directory = TextOf(body, "stateDirectory");
  std::vector<std::vector<std::string>> rows = {
      {"gateway", target.Url()},
      {"revision", std::to_string(NumberOf(body, "revision"))},
      {"objects", CountsText(FieldOf(body, "objects"))},
      {"drift", DriftText(NumberOf(body, "drifting"))},
      {"history",
       directory.empty() ? "in memory: it ends with the process; run with --state-dir to keep it" : directory},
      {"last change", EntryText(FieldOf(body, "lastChange"))},
      {"last refusal", EntryText(FieldOf(body, "lastRefusal"))}};
  for (const Json& finding : ListOf(body, "findings")) rows.push_back({"alarm", FindingText(finding)});
  return Columns(rows);
}

int Status(const StatusOptions& options) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  const auto answer = AskJson(*target, "GET", "/sluice/v1/status");
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  options.output == "json" ? PrintJson(answer->body) : PrintOut(StatusText(*target, answer->body));
  return 0;
}

}  // namespace

void AddStatus(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb =
      app.add_subcommand("status", "Show what a running gateway has in force and how the last change went");
  verb->add_option("-o,--output", options->output, "text, or json for tools")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"of the gateway on this machine", "sluice status"},
                      {"of another one", "sluice status --server https://gateway.ml:15000 --ca admin-ca.crt"}});
  verb->callback([options, &exit_code] { exit_code = Status(*options); });
}

}  // namespace sluice::gateway

#include "gateway/cli/experiment_status.h"

#include <array>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/http/uri_escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Json;

struct StatusOptions {
  AdminOptions admin{};
  std::string experiment{};
  std::string name_space = "default";
  std::string output = "text";
};

// "-" for what is not known.
std::string Decimal(const Json& number, const char* format, double factor = 1) {
  if (!number.is_number()) return "-";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number.get<double>() * factor);
  return text.data();
}

std::string Range(const Json& object, const char* format, double factor = 1) {
  return " (" + Decimal(FieldOf(object, "low"), format, factor) + " to " +
         Decimal(FieldOf(object, "high"), format, factor) + ')';
}

std::string UnitText(const Json& status) {
  std::string text = TextOf(status, "unit") + ", " + std::to_string(NumberOf(status, "buckets")) + " buckets";
  if (const std::string layer = TextOf(status, "layer"); !layer.empty()) text += ", layer " + layer;
  if (const std::string holdout = TextOf(status, "holdout"); !holdout.empty()) text += ", holdout " + holdout;
  return text;
}

std::string LogText(const Json& log) {
  const std::string path = TextOf(log, "path");
  if (path.empty()) return "off; GatewaySettings exposureLog: {path: FILE} turns it on";
  return path + ": " + std::to_string(NumberOf(log, "lines")) + " lines, " + std::to_string(NumberOf(log, "dropped")) +
         " dropped";
}

std::string SplitText(const Json& ratio) {
  const std::string at = " at " + std::to_string(NumberOf(ratio, "users")) + " users (chi-square " +
                         Decimal(FieldOf(ratio, "chiSquare"), "%.2f") +
                         ", p = " + Decimal(FieldOf(ratio, "pValue"), "%.2g") + ')';
  if (FlagOf(ratio, "alarm", false)) return "ALARM" + at;
  return NumberOf(ratio, "users") == 0 ? "not judged: too few users yet" : "as it should be" + at;
}

std::string ArmsTable(const Json& arms) {
  std::vector<std::vector<std::string>> rows = {{"ARM", "SUBSET", "USERS", "SHARE", "EXPECTED", "REQUESTS", "ERRORS",
                                                 "ERROR RATE", "MEAN MS", "P50 MS", "P99 MS"}};
  for (const Json& arm : arms) {
    rows.push_back({TextOf(arm, "arm"), TextOf(arm, "subset"), std::to_string(NumberOf(arm, "exposures")),
                    Decimal(FieldOf(arm, "share"), "%.2f %%", 100),
                    Decimal(FieldOf(arm, "expectedShare"), "%.2f %%", 100), std::to_string(NumberOf(arm, "requests")),
                    std::to_string(NumberOf(arm, "errors")), Decimal(FieldOf(arm, "errorRate"), "%.3f %%", 100),
                    Decimal(FieldOf(arm, "meanMs"), "%.2f"), Decimal(FieldOf(arm, "p50Ms"), "%.2f"),
                    Decimal(FieldOf(arm, "p99Ms"), "%.2f")});
  }
  return Columns(rows);
}

std::string DifferencesTable(const Json& arms) {
  std::vector<std::vector<std::string>> rows = {{"DIFFERENCE", "ERROR RATE, POINTS", "P50, TIMES", "P99, TIMES"}};
  for (const Json& arm : arms) {
    const Json& against = FieldOf(arm, "against");
    if (!against.is_object()) continue;
    const Json& errors = FieldOf(against, "errorRate");
    std::vector<std::string> row = {TextOf(arm, "arm") + " beside " + TextOf(against, "arm"),
                                    Decimal(FieldOf(errors, "difference"), "%+.3f", 100) + Range(errors, "%+.3f", 100)};
    for (const char* quantile : {"p50", "p99"}) {
      const Json& ratio = FieldOf(against, quantile);
      row.push_back(Decimal(FieldOf(ratio, "ratio"), "%.3f") + Range(ratio, "%.3f"));
    }
    rows.push_back(std::move(row));
  }
  return rows.size() == 1 ? std::string() : '\n' + Columns(rows);
}

core::Result<std::string> PathOf(const StatusOptions& options) {
  std::string path = "/sluice/v1/experiments";
  if (options.experiment.empty()) return path;
  const auto key = ObjectNamed("Experiment", options.experiment, options.name_space);
  if (!key) return std::unexpected(key.error());
  return path + '/' + core::EscapeUri(key->name_space) + '/' + core::EscapeUri(key->name);
}

int Status(const StatusOptions& options) {
  const auto path = PathOf(options);
  if (!path) return Report(path.error());
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  const auto answer = AskJson(*target, "GET", *path);
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  if (options.output == "json") {
    PrintJson(answer->body);
  } else if (!options.experiment.empty()) {
    PrintOut(ExperimentText(answer->body));
  } else {
    const Json& all = ListOf(answer->body, "experiments");
    if (all.empty()) PrintOut("no experiments\n");
    for (const Json& status : all) {
      PrintOut((&status == &all.front() ? "" : "\n") + ExperimentText(status));
    }
  }
  return 0;
}

}  // namespace

std::string ExperimentText(const Json& status) {
  std::vector<std::vector<std::string>> rows = {
      {"experiment", TextOf(status, "namespace") + '/' + TextOf(status, "name") + " on " + TextOf(status, "host")},
      {"unit", UnitText(status)},
      {"since", TimeText(static_cast<std::int64_t>(NumberOf(status, "sinceUs")))},
      {"exposure log", LogText(FieldOf(status, "exposureLog"))},
      {"split", SplitText(FieldOf(status, "ratio"))}};
  for (const Json& finding : ListOf(status, "findings")) {
    rows.push_back({TextOf(finding, "code"), TextOf(finding, "message")});
    rows.push_back({"cure", TextOf(finding, "cure")});
  }
  const Json& arms = ListOf(status, "arms");
  std::string text = Columns(rows) + '\n';
  if (arms.empty()) return text + "no arms: only the headers are set\n";
  return text + ArmsTable(arms) + DifferencesTable(arms);
}

void AddExperimentStatus(CLI::App& experiment, int& exit_code) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb = experiment.add_subcommand(
      "status", "Show users, errors and latency of each arm, with 95 % intervals that hold at every look");
  verb->add_option("experiment", options->experiment, "One of them; else all")->type_name("[NAMESPACE/]NAME");
  verb->add_option("-n,--namespace", options->name_space, "Namespace of the experiment")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  verb->add_option("-o,--output", options->output, "text, or json for tools")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb, {{"all that run", "sluice experiment status"},
                      {"one of them", "sluice experiment status ml-serving/ranking-v47"},
                      {"is its split right?", "sluice experiment status ml-serving/ranking-v47 -o json | jq .ratio"}});
  verb->callback([options, &exit_code] { exit_code = Status(*options); });
}

}  // namespace sluice::gateway

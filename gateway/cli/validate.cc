#include "gateway/cli/validate.h"

#include "config/analyze.h"
#include "config/format.h"
#include "config/live_latency.h"
#include "config/loader.h"
#include "gateway/app/tls_store.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/runtime/steady_clock.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace sluice::gateway {
namespace {

struct ValidateOptions {
  std::vector<std::string> paths;
  std::string default_namespace = "default";
  std::string format = "text";
  std::string fail_on = "error";
  AdminOptions admin{};  // said: compare with this gateway

  bool live() const { return !admin.server.empty() || !admin.state_dir.empty(); }
};

void Print(std::FILE* stream, const std::string& line) { std::fprintf(stream, "%s\n", line.c_str()); }

void PrintSummary(const std::vector<config::Finding>& findings) {
  const auto count = [&](config::Severity severity) {
    return static_cast<int>(std::ranges::count(findings, severity, &config::Finding::severity));
  };
  std::fprintf(stderr, "%d errors, %d warnings, %d notes\n", count(config::Severity::kError),
               count(config::Severity::kWarning), count(config::Severity::kInfo));
}

config::Severity FailOn(const std::string& text) {
  if (text == "info") return config::Severity::kInfo;
  return text == "warning" ? config::Severity::kWarning : config::Severity::kError;
}

core::Result<std::string> FetchMetrics(const AdminOptions& options) {
  const auto target = ResolveTarget(options);
  if (!target) return std::unexpected(target.error());
  const auto answer = Ask(*target, "GET", "/stats/prometheus");
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) {
    return core::Fail(core::ErrorCode::kUnavailable,
                      config::Format("{}/stats/prometheus answers {}", target->Url(), answer->status),
                      "name the admin port of a gateway");
  }
  return answer->body;
}

int Refuse(const core::Error& error) {
  Print(stderr, "sluice: " + error.Text());
  return error.code == core::ErrorCode::kUnavailable ? kExitUnreachable : kExitUsage;
}

int RunValidate(const ValidateOptions& options) {
  core::Result<std::string> metrics;
  if (options.live()) metrics = FetchMetrics(options.admin);
  if (!metrics) return Refuse(metrics.error());
  config::Loaded loaded = config::Load({.paths = options.paths, .default_namespace = options.default_namespace});
  if (loaded.ok) {
    // The files that the policies name are part of what is validated.
    TlsStore store;
    loaded.ok = store.Bind(*config::Compile(*loaded.documents, {}), UnixMicros() / 1'000'000, loaded.findings);
    if (options.live()) config::CompareWithLatency(*loaded.documents, *metrics, loaded.findings);
    config::AnalyzeRules(*loaded.documents, loaded.findings);
  }
  if (options.format == "json") {
    Print(stdout, config::FormatFindingsJson(loaded.findings));
  } else {
    for (const config::Finding& finding : loaded.findings) Print(stderr, config::FormatFinding(finding));
    PrintSummary(loaded.findings);
  }
  if (!loaded.ok) return kExitBadConfiguration;
  const config::Severity fail_on = FailOn(options.fail_on);
  const auto reaches = [&](const config::Finding& finding) { return finding.severity >= fail_on; };
  return std::ranges::any_of(loaded.findings, reaches) ? kExitFindings : 0;
}

}  // namespace

void AddValidate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* validate =
      app.add_subcommand("validate", "Read a configuration and print every finding; `lint` is the same");
  validate->alias("lint");
  validate->add_option("paths,-c,--config", options->paths, "Files or directories of YAML resources")->required();
  validate->add_option("--namespace", options->default_namespace, "Namespace of resources that name none")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  validate->add_option("-o,--output", options->format, "text (stderr) or json (stdout)")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  validate->add_option("--fail-on", options->fail_on, "Lowest severity that makes the exit code 79")
      ->check(CLI::IsMember({"error", "warning", "info"}))
      ->capture_default_str();
  AddAdminOptions(*validate, options->admin);
  // Offline unless asked on the command line: a pipeline's environment must not change what is found.
  for (const char* name : {"--server", "--state-dir"}) validate->get_option(name)->envname("");
  SetExamples(*validate,
              {{"every finding on stderr, as file:line:col: level CODE message", "sluice validate rules/"},
               {"for a pipeline: exit code 79 when there is a warning", "sluice validate rules/ --fail-on warning"},
               {"one JSON object on stdout, with the requests that prove findings", "sluice validate -o json rules/"},
               {"and perTryTimeout beside the p99 that a running gateway has measured",
                "sluice validate rules/ --server 127.0.0.1:15000"}});
  validate->callback([options, &exit_code] { exit_code = RunValidate(*options); });
}

}  // namespace sluice::gateway

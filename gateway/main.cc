// sluice: one binary, verb first. Parses the command line and runs the verb; exceptions end here.
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "gateway/cli/certs.h"
#include "gateway/cli/run.h"
#include "gateway/cli/validate.h"

namespace {

constexpr int kUsage = 64;

void AddValidate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<sluice::gateway::ValidateOptions>();
  auto format = std::make_shared<std::string>("text");
  auto fail_on = std::make_shared<std::string>("error");
  CLI::App* validate = app.add_subcommand("validate", "Read a configuration and print every finding");
  validate->add_option("paths,-c,--config", options->paths, "Files or directories of YAML resources")->required();
  validate->add_option("--namespace", options->default_namespace, "Namespace of resources that name none")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  validate->add_option("-o,--output", *format, "text (stderr) or json (stdout)")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  validate->add_option("--fail-on", *fail_on, "Lowest severity that makes the exit code 79")
      ->check(CLI::IsMember({"error", "warning", "info"}))
      ->capture_default_str();
  validate->callback([options, format, fail_on, &exit_code] {
    using sluice::config::Severity;
    options->json = *format == "json";
    options->fail_on = *fail_on == "info"      ? Severity::kInfo
                       : *fail_on == "warning" ? Severity::kWarning
                                               : Severity::kError;
    exit_code = sluice::gateway::RunValidate(*options);
  });
}

int Main(int argc, char** argv) {
  CLI::App app("Sluice decides which version of a model answers each request, by Istio's own resources.", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  int exit_code = 0;
  sluice::gateway::AddRun(app, exit_code);
  AddValidate(app, exit_code);
  sluice::gateway::AddCerts(app, exit_code);
  app.add_subcommand("version", "Print the version")->callback([] { std::puts("sluice " SLUICE_VERSION); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return 1;
  }
}

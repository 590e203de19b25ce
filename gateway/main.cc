// sluice: one binary, verb first. Parses the command line and runs the verb; exceptions end here.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "gateway/cli/apply.h"
#include "gateway/cli/canary.h"
#include "gateway/cli/certs.h"
#include "gateway/cli/completion.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/experiment.h"
#include "gateway/cli/explain.h"
#include "gateway/cli/get.h"
#include "gateway/cli/history.h"
#include "gateway/cli/kubeconfig.h"
#include "gateway/cli/man_page.h"
#include "gateway/cli/run.h"
#include "gateway/cli/status.h"
#include "gateway/cli/test.h"
#include "gateway/cli/validate.h"
#include "gateway/cli/verb_table.h"
#include "gateway/cli/weights.h"

namespace {

int Main(int argc, char** argv) {
  CLI::App app("Sluice decides which version of a model answers each request, by Istio's own resources.", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  int exit_code = 0;
  sluice::gateway::AddRun(app, exit_code);
  sluice::gateway::AddValidate(app, exit_code);
  sluice::gateway::AddApply(app, exit_code);
  sluice::gateway::AddCanary(app, exit_code);
  sluice::gateway::AddCerts(app, exit_code);
  sluice::gateway::AddCompletion(app, exit_code);
  sluice::gateway::AddDelete(app, exit_code);
  sluice::gateway::AddDiff(app, exit_code);
  sluice::gateway::AddExperiment(app, exit_code);
  sluice::gateway::AddExplain(app, exit_code);
  sluice::gateway::AddGet(app, exit_code);
  sluice::gateway::AddHistory(app, exit_code);
  sluice::gateway::AddKubeconfig(app, exit_code);
  sluice::gateway::AddMan(app, exit_code);
  sluice::gateway::AddRevert(app, exit_code);
  sluice::gateway::AddStatus(app, exit_code);
  sluice::gateway::AddTest(app, exit_code);
  sluice::gateway::AddWeights(app, exit_code);
  CLI::App* version = app.add_subcommand("version", "Print the version");
  version->callback([] { std::puts("sluice " SLUICE_VERSION); });
  sluice::gateway::SetExamples(*version, {{"of this binary", "sluice version"}});
  if (const std::string unknown = sluice::gateway::UnknownVerb(app, argc, argv); !unknown.empty()) {
    std::fprintf(stderr, "sluice: %s\n", unknown.c_str());
    return sluice::gateway::kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : sluice::gateway::kExitUsage;
  }
  // Results that did not arrive are no results: a full disk, a closed pipe.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && exit_code == 0) {
    std::fprintf(stderr, "sluice: stdout: not everything could be written\n");
    return sluice::gateway::kExitFailure;
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

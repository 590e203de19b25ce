#include "gateway/cli/experiment.h"

#include "gateway/cli/examples.h"
#include "gateway/cli/experiment_assign.h"
#include "gateway/cli/experiment_status.h"

namespace sluice::gateway {

void AddExperiment(CLI::App& app, int& exit_code) {
  CLI::App* experiment = app.add_subcommand("experiment", "Users, arms and what they are answered");
  experiment->require_subcommand(1);
  AddExperimentAssign(*experiment, exit_code);
  AddExperimentStatus(*experiment, exit_code);
  SetExamples(*experiment, {{"how its arms fare", "sluice experiment status ml-serving/ranking-v47"}});
}

}  // namespace sluice::gateway

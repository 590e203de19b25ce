#include "gateway/cli/experiment_assign.h"

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "config/fields.h"
#include "config/loader.h"
#include "core/experiment/assignment.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/validate.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::ErrorCode;
using core::Fail;

constexpr std::size_t kIdMax = 64 * 1024;  // what a header could bring
constexpr std::size_t kChunk = 64 * 1024;  // of output, written at once

struct AssignOptions {
  std::vector<std::string> paths{};
  std::string experiment{};
  std::string name_space = "default";
  bool json = false;
};

core::Result<core::Experiment> FindExperiment(const core::Snapshot& snapshot, const config::ResourceKey& key) {
  std::vector<std::string> known;
  for (const core::Experiment& experiment : snapshot.experiments) {
    if (experiment.name == key.name && experiment.name_space == key.name_space) return experiment;
    known.push_back(experiment.name_space + "/" + experiment.name);
  }
  const auto nearest =
      config::Nearest(key.name_space + "/" + key.name, std::vector<std::string_view>(known.begin(), known.end()));
  return Fail(ErrorCode::kInvalidArgument, "there is no experiment " + key.name_space + "/" + key.name,
              nearest ? "did you mean " + std::string(*nearest) + "?" : "see the Experiments of the configuration");
}

// What a request of each id would be assigned to, whatever else stands in it.
class IdAssigner {
 public:
  explicit IdAssigner(core::Experiment experiment) {
    experiment.unit = core::Experiment::Unit::kHeader;
    experiment.unit_name = "x-unit";
    experiment.generate.reset();
    experiment.matches.clear();
    experiments_.push_back(std::move(experiment));
  }

  struct Result {
    std::uint32_t bucket = 0;
    std::string_view arm;  // "-": outside of the layer, or an empty id, which names nobody
    std::string_view by;
  };

  Result Assign(std::string_view id) {
    arena_.Reset();
    core::Head head(arena_);
    head.headers.AddBorrowed("x-unit", id);
    static constexpr std::array kIds = {core::ExperimentId{0}};
    const core::RouteInput input{&head, "/", "", 0};
    const core::Assignments assigned =
        core::AssignExperiments(kIds, experiments_, head, input, hasher_, random_, arena_);
    const core::Experiment& experiment = experiments_.front();
    if (assigned.all.empty()) {
      return {hasher_.Bucket(id, experiment.salt, experiment.buckets).value_or(0), "-", "not-in-layer"};
    }
    const core::Assignment& one = *assigned.first();
    if (one.by == core::AssignedBy::kHoldout) return {one.bucket, core::kHoldoutArm, "holdout"};
    const std::string_view arm = one.arm == nullptr ? std::string_view() : std::string_view(one.arm->name);
    return {one.bucket, arm, one.by == core::AssignedBy::kOverride ? "override" : "bucket"};
  }

  core::Status Usable() const { return hasher_.Usable(); }

 private:
  std::vector<core::Experiment> experiments_;
  core::BucketHasher hasher_;
  core::Random random_{1};  // for made units, of which there are none
  core::Arena arena_;
};

void AppendJson(std::string_view id, const IdAssigner::Result& result, std::string& out) {
  const Json line = {
      {"unit", std::string(id)},
      {"bucket", result.bucket},
      {"arm", result.by == "not-in-layer" || result.arm.empty() ? Json() : Json(std::string(result.arm))},
      {"by", std::string(result.by)}};
  out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int AssignIds(const AssignOptions& options, IdAssigner& assigner) {
  std::ios::sync_with_stdio(false);
  std::string out;
  std::string id;
  for (std::size_t line = 1; std::getline(std::cin, id); ++line) {
    if (id.size() > kIdMax) {
      PrintOut(out);
      return Report({ErrorCode::kLimitExceeded, "stdin: line " + std::to_string(line) + " is longer than 64 KiB",
                     "write one id a line"});
    }
    const IdAssigner::Result result = assigner.Assign(id);
    if (options.json) {
      AppendJson(id, result, out);
    } else {
      out += id + "\t" + std::to_string(result.bucket) + "\t" + std::string(result.arm) + "\n";
    }
    if (out.size() < kChunk) continue;
    PrintOut(out);
    out.clear();
  }
  PrintOut(out);
  return 0;
}

int Assign(const AssignOptions& options) {
  const auto key = ObjectNamed("Experiment", options.experiment, options.name_space);
  if (!key) return Report(key.error());
  const config::Loaded loaded = config::Load({.paths = options.paths, .default_namespace = options.name_space});
  for (const config::Finding& finding : loaded.findings) {
    if (finding.severity == config::Severity::kError) PrintErr(config::FormatFinding(finding));
  }
  if (!loaded.ok) return kExitBadConfiguration;
  auto experiment = FindExperiment(*config::Compile(*loaded.documents, {}), *key);
  if (!experiment) return Report(experiment.error());
  IdAssigner assigner(*std::move(experiment));
  if (const core::Status usable = assigner.Usable(); !usable) return Report(usable.error());
  return AssignIds(options, assigner);
}

}  // namespace

void AddExperimentAssign(CLI::App& experiment, int& exit_code) {
  auto options = std::make_shared<AssignOptions>();
  auto format = std::make_shared<std::string>("text");
  CLI::App* verb = experiment.add_subcommand(
      "assign", "Tell bucket and arm of every id on stdin, one a line, as files have them; spec.match is passed over");
  verb->add_option("experiment", options->experiment, "The experiment: NAME or NAMESPACE/NAME")
      ->type_name("NAME")
      ->required();
  verb->add_option("-c,--config", options->paths, "File or directory of YAML resources; may be repeated")
      ->type_name("PATH")
      ->envname("SLUICE_CONFIG")
      ->allow_extra_args(false)
      ->required();
  verb->add_option("-n,--namespace", options->name_space, "Namespace of resources and names without one")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  verb->add_option("-o,--output", *format,
                   "text: ID, BUCKET and ARM with tabs between, ARM being empty (none), `holdout` or - (outside of the "
                   "layer's part); "
                   "json: an object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  SetExamples(*verb,
              {{"of the users of a file", "sluice experiment assign ranking-v47 -c rules/ -n ml-serving < ids.txt"},
               {"how many each arm has",
                "sluice experiment assign ranking-v47 -c rules/ < ids.txt | cut -f3 | sort | uniq -c"}});
  verb->callback([options, format, &exit_code] {
    options->json = *format == "json";
    exit_code = Assign(*options);
  });
}

}  // namespace sluice::gateway

#include "gateway/cli/weights.h"

#include <memory>
#include <vector>

#include "core/base/text.h"
#include "gateway/cli/change_report.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::ErrorCode;

constexpr std::uint64_t kWeightMax = 10'000;

struct WeightsOptions {
  AdminOptions admin{};
  ChangeOptions change{};
  std::string rule{};
  std::string route{};
  std::vector<std::string> weights{};
  std::string name_space = "default";
};

int Weights(const WeightsOptions& options) {
  const auto key = ObjectNamed("VirtualService", options.rule, options.name_space);
  if (!key) return Report(key.error());
  auto weights = ReadWeights(options.weights);
  if (!weights) return Report(weights.error());
  return SubmitChange(options.admin, options.change, "/sluice/v1/weights",
                      Json{{"namespace", key->name_space},
                           {"name", key->name},
                           {"route", options.route},
                           {"weights", std::move(*weights)}});
}

}  // namespace

core::Result<Json> ReadWeights(std::span<const std::string> texts) {
  Json weights = Json::object();
  for (const std::string& text : texts) {
    const std::size_t sign = text.find('=');
    const std::string subset = text.substr(0, sign);
    const auto weight = core::ParseDecimal(sign == std::string::npos ? "" : text.substr(sign + 1));
    if (subset.empty() || !weight || *weight > kWeightMax) {
      return core::Fail(ErrorCode::kInvalidArgument, "'" + text + "' is not SUBSET=WEIGHT",
                        "write whole numbers, for example v45=90 v47=10");
    }
    if (weights.contains(subset)) {
      return core::Fail(ErrorCode::kInvalidArgument, "subset '" + subset + "' is given twice", "give it once");
    }
    weights[subset] = *weight;
  }
  return weights;
}

void AddWeights(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<WeightsOptions>();
  CLI::App* verb = app.add_subcommand("weights", "Change how a route is split between subsets, and nothing else");
  verb->add_option("virtualservice", options->rule, "The VirtualService: NAME or NAMESPACE/NAME")
      ->type_name("NAME")
      ->required();
  verb->add_option("route", options->route, "Name of the route in it, or its index from 0")
      ->type_name("ROUTE")
      ->required();
  verb->add_option("weights", options->weights, "The new shares; subsets that are not named keep theirs")
      ->type_name("SUBSET=WEIGHT")
      ->required();
  verb->add_option("-n,--namespace", options->name_space, "Namespace of the VirtualService")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  AddChangeOptions(*verb, options->change);
  AddAdminOptions(*verb, options->admin);
  SetExamples(*verb,
              {{"a tenth of the users to v47", "sluice weights content-ranking-vs default v45=90 v47=10 -n ml-serving"},
               {"back at once", "sluice weights ml-serving/content-ranking-vs default v45=100 v47=0 -m 'p99 up'"}});
  verb->callback([options, &exit_code] { exit_code = Weights(*options); });
}

}  // namespace sluice::gateway

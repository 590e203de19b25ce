// Experiment, our own kind: unit, salt, buckets and arms (design.md section 2).
#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"

#include <algorithm>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::uint32_t kBucketsMax = 1'000'000;

void ReadUnit(Fields& spec, core::Experiment& experiment) {
  spec.Require("unit");
  const YamlNode* node = spec.Map("unit");
  if (node == nullptr) return;
  Fields unit(*node, "spec.unit", spec.scope());
  const auto header = unit.Text("header");
  const auto cookie = unit.Text("cookie");
  const auto query = unit.Text("queryParam");
  if (header.has_value() + cookie.has_value() + query.has_value() != 1) {
    spec.scope().Error("IST0106", node->mark, "spec.unit needs exactly one of header, cookie, queryParam");
    return;
  }
  experiment.unit = header.has_value()   ? core::Experiment::Unit::kHeader
                    : cookie.has_value() ? core::Experiment::Unit::kCookie
                                         : core::Experiment::Unit::kQueryParam;
  experiment.unit_name = header.has_value() ? core::Fold(*header) : cookie.has_value() ? *cookie : *query;
  if (experiment.unit_name.empty() || (!query.has_value() && !core::IsToken(experiment.unit_name))) {
    spec.scope().Error("IST0106", node->mark, "spec.unit names no header, cookie or query parameter");
  }
}

// `0-79`, or one bucket.
bool ReadRange(Fields& fields, std::uint32_t buckets, core::ExperimentArm& arm) {
  fields.Require("buckets");
  const YamlNode* node = fields.Get("buckets");
  if (node == nullptr) return false;
  const std::string_view text = node->text;
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = core::ParseDecimal(text.substr(0, dash));
  const auto last = dash == text.size() ? first : core::ParseDecimal(text.substr(dash + 1));
  if (node->kind != YamlNode::Kind::kScalar || !first.has_value() || !last.has_value() || *first > *last ||
      *last >= buckets) {
    fields.scope().Error(
        "IST0106", node->mark,
        Format("{}: `{}` is no range within 0-{}", fields.PathOf("buckets"), text.substr(0, 80), buckets - 1),
        "write FIRST-LAST, both included");
    return false;
  }
  arm.first = static_cast<std::uint32_t>(*first);
  arm.last = static_cast<std::uint32_t>(*last);
  return true;
}

void ReadArms(Fields& spec, ExperimentSpec& into) {
  const YamlNode* list = spec.List("arms");
  if (list == nullptr) return;
  std::vector<std::pair<core::ExperimentArm, Mark>> arms;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields fields(list->items[i], Format("spec.arms[{}]", i), spec.scope());
    core::ExperimentArm arm;
    fields.Require("name");
    fields.Require("subset");
    arm.name = ReadLabelName(fields, "name").value_or("");
    arm.subset = ReadLabelName(fields, "subset").value_or("");
    const Mark mark = list->items[i].mark;
    if (!ReadRange(fields, into.experiment.buckets, arm)) continue;
    for (const auto& [other, other_mark] : arms) {
      if (other.name == arm.name) spec.scope().Error("IST0106", mark, Format("the arm {} is given twice", arm.name));
      if (arm.first > other.last || other.first > arm.last) continue;
      spec.scope().Error("IST0106", mark,
                         Format("the buckets {}-{} of arm {} overlap {}-{} of arm {}", arm.first, arm.last, arm.name,
                                other.first, other.last, other.name));
    }
    arms.emplace_back(std::move(arm), mark);
  }
  std::ranges::stable_sort(arms, {}, [](const auto& arm) { return arm.first.first; });
  for (auto& [arm, mark] : arms) {
    into.experiment.arms.push_back(std::move(arm));
    into.arm_marks.push_back(mark);
  }
}

}  // namespace

void ParseExperiment(Fields& spec, const Metadata& meta, Documents& documents) {
  ExperimentSpec parsed;
  parsed.meta = meta;
  core::Experiment& experiment = parsed.experiment;
  experiment.name = meta.name;
  experiment.name_space = meta.name_space;
  const auto host = ReadHost(spec, "host", meta, false);
  if (host.has_value()) parsed.host = *host;
  ReadUnit(spec, experiment);
  experiment.salt = spec.Text("salt").value_or(meta.name);
  experiment.buckets = spec.Count("buckets", 1, kBucketsMax).value_or(100);
  ReadArms(spec, parsed);
  experiment.routes = spec.Texts("routes");
  if (const YamlNode* routes = spec.List("routes")) {
    for (const YamlNode& route : routes->items) parsed.route_marks.push_back(route.mark);
  }
  parsed.layer = spec.Text("layer").value_or("");
  parsed.layer_mark = spec.MarkOf("layer");
  if (host.has_value()) documents.experiments.push_back(std::move(parsed));
}

}  // namespace sluice::config

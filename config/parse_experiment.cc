// Experiment, our own kind: who takes part, by which unit, and which arm gets which buckets (design.md section 2).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/experiment/assignment.h"

#include "config/format.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::uint32_t kBucketsMax = 1'000'000;
constexpr std::size_t kArmsMax = 10'000;
constexpr std::size_t kOverridesMax = 10'000;  // units of one experiment

struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// `0-79`, or one bucket.
std::optional<Range> ReadRange(Fields& fields, std::string_view key, std::uint32_t buckets) {
  const YamlNode* node = fields.Get(key);
  if (node == nullptr) return std::nullopt;
  const std::string_view text = node->text;
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = core::ParseDecimal(text.substr(0, dash));
  const auto last = dash == text.size() ? first : core::ParseDecimal(text.substr(dash + 1));
  if (node->kind != YamlNode::Kind::kScalar || !first.has_value() || !last.has_value() || *first > *last ||
      *last >= buckets) {
    fields.scope().Error(
        "IST0106", node->mark,
        Format("{}: `{}` is no range within 0-{}", fields.PathOf(key), text.substr(0, 80), buckets - 1),
        "write FIRST-LAST, both included");
    return std::nullopt;
  }
  return Range{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

// unit.generate: who has no cookie yet gets one.
void ReadGenerate(Fields& unit, core::Experiment& experiment) {
  const YamlNode* node = unit.Map("generate");
  if (node == nullptr) return;
  if (experiment.unit != core::Experiment::Unit::kCookie) {
    unit.scope().Error("IST0106", unit.MarkOf("generate"), "spec.unit.generate needs a cookie to keep the unit in",
                       "write unit: {cookie: NAME, generate: {...}}, or leave generate out");
  }
  Fields generate(*node, "spec.unit.generate", unit.scope());
  core::UnitCookie& cookie = experiment.generate.emplace();
  cookie.ttl = generate.Time("ttl", true).value_or(core::Duration(0));
  cookie.path = generate.Text("path").value_or("/");
  const bool plain = std::ranges::all_of(cookie.path, [](char c) { return c > 0x20 && c < 0x7f && c != ';'; });
  if (!plain || !cookie.path.starts_with('/')) {
    unit.scope().Error("IST0106", generate.MarkOf("path"), "spec.unit.generate.path is no cookie path",
                       "write / for the whole host");
  }
}

void ReadUnit(Fields& spec, core::Experiment& experiment) {
  spec.Require("unit");
  const YamlNode* node = spec.Map("unit");
  if (node == nullptr) return;
  Fields unit(*node, "spec.unit", spec.scope());
  const auto header = unit.Text("header");
  const auto cookie = unit.Text("cookie");
  const auto query = unit.Text("queryParam");
  if (cookie.has_value()) experiment.unit = core::Experiment::Unit::kCookie;
  ReadGenerate(unit, experiment);
  if (header.has_value() + cookie.has_value() + query.has_value() != 1) {
    spec.scope().Error("IST0106", node->mark, "spec.unit needs exactly one of header, cookie, queryParam");
    return;
  }
  if (query.has_value()) experiment.unit = core::Experiment::Unit::kQueryParam;
  experiment.unit_name = header.has_value() ? core::Fold(*header) : cookie.has_value() ? *cookie : *query;
  if (experiment.unit_name.empty() || (!query.has_value() && !core::IsToken(experiment.unit_name))) {
    spec.scope().Error("IST0106", node->mark, "spec.unit names no header, cookie or query parameter");
  }
}

struct ReadArm {
  core::ExperimentArm arm;
  Mark mark;
  std::size_t place = 0;  // in the list
};

// Neighbours by their first bucket; the one that is written later is told.
void CheckOverlaps(const std::vector<ReadArm>& sorted, const Scope& scope) {
  const ReadArm* widest = nullptr;
  for (const ReadArm& arm : sorted) {
    if (widest != nullptr && arm.arm.first <= widest->arm.last) {
      const auto& [later, earlier] = arm.place > widest->place ? std::pair(arm, *widest) : std::pair(*widest, arm);
      scope.Error("IST0106", later.mark,
                  Format("the buckets {}-{} of arm {} overlap {}-{} of arm {}", later.arm.first, later.arm.last,
                         later.arm.name, earlier.arm.first, earlier.arm.last, earlier.arm.name));
    }
    if (widest == nullptr || arm.arm.last > widest->arm.last) widest = &arm;
  }
}

void ReadArms(Fields& spec, ExperimentSpec& into) {
  const YamlNode* list = spec.List("arms");
  if (list == nullptr) return;
  if (list->items.size() > kArmsMax) {
    spec.scope().Error("IST0106", list->mark, Format("an experiment has at most {} arms", kArmsMax));
    return;
  }
  std::vector<ReadArm> arms;
  std::set<std::string> names;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields fields(list->items[i], Format("spec.arms[{}]", i), spec.scope());
    ReadArm read{{}, list->items[i].mark, i};
    for (const char* key : {"name", "buckets", "subset"}) fields.Require(key);
    read.arm.name = ReadLabelName(fields, "name").value_or("");
    read.arm.subset = ReadLabelName(fields, "subset").value_or("");
    if (read.arm.name == core::kHoldoutArm) {
      spec.scope().Error("IST0106", read.mark, Format("no arm can be called {}", core::kHoldoutArm),
                         "x-ab-arm says so of users of a holdout; choose another name");
    }
    const auto range = ReadRange(fields, "buckets", into.experiment.buckets);
    if (!range.has_value()) continue;
    read.arm.first = range->first;
    read.arm.last = range->last;
    if (!names.insert(read.arm.name).second) {
      spec.scope().Error("IST0106", read.mark, Format("the arm {} is given twice", read.arm.name));
    }
    arms.push_back(std::move(read));
  }
  std::ranges::stable_sort(arms, {}, [](const ReadArm& read) { return read.arm.first; });
  CheckOverlaps(arms, spec.scope());
  for (ReadArm& read : arms) {
    into.experiment.arms.push_back(std::move(read.arm));
    into.arm_marks.push_back(read.mark);
  }
}

void ReadLayer(Fields& spec, ExperimentSpec& into) {
  const auto name = spec.Text("layer");
  const auto range = ReadRange(spec, "layerBuckets", core::kLayerBuckets);
  into.layer_mark = spec.MarkOf(range.has_value() ? "layerBuckets" : "layer");
  if (!name.has_value() || name->empty()) {
    if (name.has_value()) spec.scope().Error("IST0106", into.layer_mark, "spec.layer is empty", "name a layer");
    if (range.has_value() && !name.has_value()) {
      spec.scope().Error("IST0106", into.layer_mark, "spec.layerBuckets needs a layer to be of", "add `layer: NAME`");
    }
    return;
  }
  core::ExperimentLayer& layer = into.experiment.layer.emplace();
  layer.name = *name;
  if (!range.has_value()) return;
  layer.first = range->first;
  layer.last = range->last;
}

void ReadHoldout(Fields& spec, core::Experiment& experiment) {
  const YamlNode* node = spec.Map("holdout");
  if (node == nullptr) return;
  Fields fields(*node, "spec.holdout", spec.scope());
  core::ExperimentHoldout& holdout = experiment.holdout.emplace();
  holdout.name = fields.Text("name").value_or(std::string(core::kHoldoutArm));
  if (holdout.name.empty()) spec.scope().Error("IST0106", fields.MarkOf("name"), "spec.holdout.name is empty");
  fields.Require("percent");
  const double buckets = fields.Number("percent", 0, 100).value_or(0) * 100;
  holdout.buckets = static_cast<std::uint32_t>(std::lround(buckets));
  if (std::abs(buckets - std::round(buckets)) > 1e-6) {
    spec.scope().Error("IST0106", fields.MarkOf("percent"), "spec.holdout.percent has more than two decimals",
                       Format("users are cut into {} parts", core::kLayerBuckets));
  }
}

// Numbers made of the same name are the same number: a user's bucket would follow from his place in the layer.
void CheckNames(const Fields& spec, const core::Experiment& experiment) {
  const auto check = [&](std::string_view one, const std::string& name, std::string_view other,
                         const std::string& other_name, std::string_view cure) {
    if (name != other_name) return;
    spec.scope().Error(
        "IST0106", spec.MarkOf(one),
        Format("the {} and the {} of the experiment are both {}, so that one would follow from the other", one, other,
               name),
        std::string(cure));
  };
  constexpr std::string_view kSalt = "give the experiment a spec.salt of its own";
  const auto& [layer, holdout] = std::pair(experiment.layer, experiment.holdout);
  if (layer.has_value()) check("layer", layer->name, "salt", experiment.salt, kSalt);
  if (holdout.has_value()) check("holdout", holdout->name, "salt", experiment.salt, kSalt);
  if (layer.has_value() && holdout.has_value()) {
    check("holdout", holdout->name, "layer", layer->name, "give the holdout another name");
  }
}

void ReadOverrides(Fields& spec, core::Experiment& experiment) {
  const YamlNode* list = spec.List("overrides");
  if (list == nullptr) return;
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields fields(list->items[i], Format("spec.overrides[{}]", i), spec.scope());
    for (const char* key : {"arm", "units"}) fields.Require(key);
    const std::string name = fields.Text("arm").value_or("");
    const auto arm = std::ranges::find(experiment.arms, name, &core::ExperimentArm::name);
    if (arm == experiment.arms.end() && fields.Has("arm")) {
      spec.scope().Error("IST0106", fields.MarkOf("arm"), Format("the experiment has no arm {}", name.substr(0, 80)),
                         "name one of spec.arms");
    }
    for (std::string& unit : fields.Texts("units")) {
      if (unit.empty()) {
        spec.scope().Error("IST0106", fields.MarkOf("units"), "an empty unit names nobody");
      } else if (!seen.insert(unit).second) {
        spec.scope().Error("IST0106", fields.MarkOf("units"),
                           Format("the unit {} is given an arm twice", unit.substr(0, 80)), "leave it in one place");
      } else if (arm != experiment.arms.end()) {
        experiment.overrides.emplace_back(std::move(unit), static_cast<std::uint32_t>(arm - experiment.arms.begin()));
      }
    }
  }
  if (seen.size() > kOverridesMax) {
    spec.scope().Error("IST0106", spec.MarkOf("overrides"),
                       Format("{} units have an override, at most {} can", seen.size(), kOverridesMax),
                       "match on a header that tells such users apart");
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
  parsed.unit_mark = spec.MarkOf("unit");
  experiment.salt = spec.Text("salt").value_or(meta.name);
  experiment.buckets = spec.Count("buckets", 1, kBucketsMax).value_or(100);
  ReadArms(spec, parsed);
  ReadOverrides(spec, experiment);
  experiment.routes = spec.Texts("routes");
  if (const YamlNode* routes = spec.List("routes")) {
    for (const YamlNode& route : routes->items) parsed.route_marks.push_back(route.mark);
  }
  parsed.matches = ReadMatches(spec);
  for (MatchItem& item : parsed.matches) {
    for (std::string& gateway : item.gateways) gateway = ResolveGatewayName(gateway, meta.name_space);
  }
  ReadLayer(spec, parsed);
  ReadHoldout(spec, experiment);
  CheckNames(spec, experiment);
  if (host.has_value()) documents.experiments.push_back(std::move(parsed));
}

}  // namespace sluice::config

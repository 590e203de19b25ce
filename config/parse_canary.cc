// Canary, our own kind: the versions of one route, stages, gates, what to do without data (design.md section 2).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/canary/prometheus_address.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t kStagesMax = 50;
constexpr std::size_t kPrometheusGatesMax = 20;
constexpr std::size_t kQueryBytesMax = 8 * 1024;
constexpr std::size_t kNameBytesMax = 200;
constexpr std::int64_t kRequestsMax = 1'000'000'000;
constexpr core::Duration kIntervalMin = core::Milliseconds(100);

void ReadVirtualServiceName(Fields& spec, CanaryDocument& into) {
  spec.Require("virtualService");
  const auto name = spec.Text("virtualService");
  if (!name.has_value()) return;
  const std::size_t slash = name->find('/');
  const bool whole = slash != std::string::npos;
  const std::string own = whole ? name->substr(slash + 1) : *name;
  const std::string name_space = whole ? name->substr(0, slash) : into.meta.name_space;
  into.virtual_service = {*name, Format("{}/{}", name_space, own), spec.MarkOf("virtualService")};
  if (IsHostName(own, false) && (!whole || IsDnsLabel(name_space))) return;
  spec.scope().Error("IST0106", spec.MarkOf("virtualService"),
                     Format("spec.virtualService: `{}` names no VirtualService", name->substr(0, 80)),
                     "write NAME or NAMESPACE/NAME");
}

// A name, or an index, which YAML takes for a number: both are meant.
void ReadRoute(Fields& spec, CanaryDocument& into) {
  spec.Require("route");
  const YamlNode* node = spec.Get("route");
  if (node == nullptr) return;
  into.route_mark = node->mark;
  if (node->kind == YamlNode::Kind::kScalar && !node->text.empty() && node->text.size() <= kNameBytesMax) {
    into.route = node->text;
    return;
  }
  spec.scope().Error("IST0106", node->mark, "spec.route names no rule", "write http[].name, or its index from 0");
}

void ReadVersions(Fields& spec, CanaryDocument& into) {
  spec.Require("champion");
  spec.Require("challenger");
  into.champion = ReadLabelName(spec, "champion").value_or("");
  into.champion_mark = spec.MarkOf("champion");
  into.challenger = ReadLabelName(spec, "challenger").value_or("");
  into.challenger_mark = spec.MarkOf("challenger");
  if (into.champion.empty() || into.champion != into.challenger) return;
  spec.scope().Error("IST0106", into.challenger_mark, Format("{} cannot be champion and challenger", into.champion),
                     "name the subset that serves now, and the one that shall");
}

core::Duration ReadHold(Fields& stage, bool last) {
  if (stage.Has("hold") && stage.Has("bake")) {
    stage.scope().Error("IST0106", stage.MarkOf("bake"), "a stage has either hold or bake");
  }
  if (!last && stage.Has("bake")) {
    stage.scope().Error("IST0106", stage.MarkOf("bake"), "only the last stage bakes", "write hold");
  }
  const auto hold = stage.Time("hold", true);
  const auto bake = stage.Time("bake", true);
  if (!hold.has_value() && !bake.has_value()) {
    if (!last) {
      stage.Require("hold");
    } else if (!stage.Has("hold") && !stage.Has("bake")) {
      stage.scope().Warn("SL2064", stage.mark(),
                         "the last stage does not bake: what only shows at 100 % will not be rolled back",
                         "write bake: 10m, or bake: 0s to say that it is meant");
    }
  }
  return last && bake.has_value() ? *bake : hold.value_or(core::Duration(0));
}

void ReadStages(Fields& spec, core::CanarySpec& into) {
  spec.Require("stages");
  const YamlNode* list = spec.List("stages");
  if (list == nullptr) return;
  const std::size_t count = list->items.size();
  if (count == 0 || count > kStagesMax) {
    spec.scope().Error("IST0106", list->mark, Format("spec.stages must hold 1 to {} stages", kStagesMax));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    Fields fields(list->items[i], Format("spec.stages[{}]", i), spec.scope());
    fields.Require("weight");
    const auto weight = fields.Count("weight", 1, 100);
    const core::CanaryStage stage{weight.value_or(0), ReadHold(fields, i + 1 == count)};
    if (weight.has_value() && !into.stages.empty() && stage.weight <= into.stages.back().weight) {
      spec.scope().Error(
          "IST0106", fields.MarkOf("weight"),
          Format("stage {} gives {} % after {} %: weights must grow", i, stage.weight, into.stages.back().weight));
    }
    if (weight.has_value() && i + 1 == count && stage.weight != 100) {
      spec.scope().Error("IST0106", fields.MarkOf("weight"),
                         Format("the last stage gives {} %, and the challenger is promoted at 100 %", stage.weight),
                         "add {weight: 100, bake: 10m}");
    }
    into.stages.push_back(stage);
  }
}

std::string ReadGateName(Fields& fields, std::size_t index, const std::vector<core::PrometheusGate>& others) {
  std::string name = fields.Text("name").value_or(Format("prometheus[{}]", index));
  if (name.empty() || name.size() > kNameBytesMax) {
    fields.scope().Error("IST0106", fields.MarkOf("name"),
                         Format("{} must have 1 to {} bytes", fields.PathOf("name"), kNameBytesMax));
  }
  if (std::ranges::find(others, name, &core::PrometheusGate::name) != others.end()) {
    fields.scope().Error("IST0106", fields.MarkOf("name"),
                         Format("the gate {} is given twice", name.substr(0, kNameBytesMax)));
  }
  return name;
}

void ReadAddress(Fields& fields, core::PrometheusGate& gate) {
  fields.Require("address");
  gate.address = fields.Text("address").value_or("");
  if (!fields.Has("address")) return;
  const auto parsed = core::ParsePrometheusAddress(gate.address);
  if (parsed.has_value()) return;
  fields.scope().Error("IST0106", fields.MarkOf("address"),
                       Format("{}: {}", fields.PathOf("address"), parsed.error().cause), parsed.error().cure);
}

void ReadQuery(Fields& fields, core::PrometheusGate& gate) {
  fields.Require("query");
  gate.query = fields.Text("query").value_or("");
  if (!fields.Has("query")) return;
  if (core::Trim(gate.query).empty() || gate.query.size() > kQueryBytesMax) {
    fields.scope().Error("IST0106", fields.MarkOf("query"),
                         Format("{} must have 1 to {} bytes", fields.PathOf("query"), kQueryBytesMax));
  }
}

void ReadBounds(Fields& fields, core::PrometheusGate& gate) {
  constexpr double kFar = 1e300;
  gate.max = fields.Number("max", -kFar, kFar);
  gate.min = fields.Number("min", -kFar, kFar);
  if (!fields.Has("max") && !fields.Has("min")) {
    fields.scope().Error("IST0106", fields.mark(), "a Prometheus gate without max and min forbids nothing",
                         "write max, min or both");
  }
  if (gate.max.has_value() && gate.min.has_value() && *gate.min > *gate.max) {
    fields.scope().Error("IST0106", fields.MarkOf("min"), "no value is at least min and at most max");
  }
}

core::PrometheusGate ReadPrometheusGate(Fields& fields, std::size_t index,
                                        const std::vector<core::PrometheusGate>& others) {
  core::PrometheusGate gate;
  gate.name = ReadGateName(fields, index, others);
  ReadAddress(fields, gate);
  ReadQuery(fields, gate);
  ReadBounds(fields, gate);
  gate.interval = fields.Time("interval").value_or(gate.interval);
  if (gate.interval < kIntervalMin) {
    fields.scope().Error("IST0106", fields.MarkOf("interval"),
                         Format("{} must be at least 100ms", fields.PathOf("interval")),
                         "Prometheus scrapes every 15 s or so: asking more often tells nothing new");
  }
  gate.timeout = fields.Time("timeout").value_or(gate.timeout);
  gate.failures = fields.Count("failures", 1, 1000).value_or(gate.failures);
  return gate;
}

void ReadPrometheusGates(Fields& gates, core::CanarySpec& into) {
  const YamlNode* list = gates.List("prometheus");
  if (list == nullptr) return;
  if (list->items.size() > kPrometheusGatesMax) {
    gates.scope().Error("IST0106", list->mark, Format("more than {} Prometheus gates", kPrometheusGatesMax));
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields fields(list->items[i], Format("spec.gates.prometheus[{}]", i), gates.scope());
    into.prometheus.push_back(ReadPrometheusGate(fields, i, into.prometheus));
  }
}

void ReadGates(Fields& spec, const Metadata& meta, core::CanarySpec& into) {
  if (const YamlNode* node = spec.Map("gates")) {
    Fields gates(*node, "spec.gates", spec.scope());
    if (const YamlNode* latency = gates.Map("latency")) {
      Fields fields(*latency, "spec.gates.latency", spec.scope());
      core::LatencyGate gate;
      gate.quantile = fields.Number("quantile", 0.01, 0.9999).value_or(gate.quantile);
      gate.max_regression_percent =
          fields.Number("maxRegressionPercent", 0, 100'000).value_or(gate.max_regression_percent);
      into.latency = gate;
    }
    if (const YamlNode* errors = gates.Map("errorRate")) {
      Fields fields(*errors, "spec.gates.errorRate", spec.scope());
      core::ErrorRateGate gate;
      gate.max_increase_points =
          fields.Number("maxIncreasePercentagePoints", 0, 100).value_or(gate.max_increase_points);
      into.error_rate = gate;
    }
    ReadPrometheusGates(gates, into);
  }
  if (into.latency.has_value() || into.error_rate.has_value() || !into.prometheus.empty()) return;
  spec.scope().Warn("SL2062", spec.Has("gates") ? spec.MarkOf("gates") : meta.mark,
                    "without gates this canary is promoted by the clock, whatever the challenger answers",
                    "add gates: {errorRate: {maxIncreasePercentagePoints: 0.5}}");
}

void ReadNoData(Fields& spec, core::CanarySpec& into) {
  constexpr std::array<std::string_view, 3> kPolicies = {"hold", "rollback", "promote"};
  constexpr std::array kMeaning = {core::NoDataPolicy::kHold, core::NoDataPolicy::kRollback,
                                   core::NoDataPolicy::kPromote};
  if (const auto policy = spec.Choice("onNoData", kPolicies)) into.on_no_data = kMeaning.at(*policy);
  into.no_data_limit = spec.Time("noDataLimit", true).value_or(into.no_data_limit);
  if (into.on_no_data != core::NoDataPolicy::kPromote) return;
  spec.scope().Warn("SL2063", spec.MarkOf("onNoData"),
                    "onNoData: promote takes silence for success: a challenger that nobody reaches is promoted",
                    "write hold, which waits for requests, or rollback");
}

}  // namespace

void ParseCanary(Fields& spec, const Metadata& meta, Documents& documents) {
  CanaryDocument parsed;
  parsed.meta = meta;
  ReadVirtualServiceName(spec, parsed);
  ReadRoute(spec, parsed);
  ReadVersions(spec, parsed);
  ReadStages(spec, parsed.spec);
  ReadGates(spec, meta, parsed.spec);
  if (const YamlNode* node = spec.Map("analysis")) {
    Fields analysis(*node, "spec.analysis", spec.scope());
    parsed.spec.confidence = analysis.Number("confidence", 0.5, 0.9999).value_or(parsed.spec.confidence);
    if (const auto requests = analysis.Integer("minRequests", 1, kRequestsMax)) {
      parsed.spec.min_requests = static_cast<std::uint64_t>(*requests);
    }
  }
  ReadNoData(spec, parsed.spec);
  documents.canaries.push_back(std::move(parsed));
}

}  // namespace sluice::config

#include "gateway/experiment/experiment_pages.h"

#include <algorithm>
#include <cmath>

#include "core/stats/regression_test.h"
#include "gateway/api/page_json.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr std::string_view kRoot = "/sluice/v1/experiments";
constexpr double kAlpha = 0.05;  // of each interval

std::string UnitText(const core::Experiment& experiment) {
  switch (experiment.unit) {
    case core::Experiment::Unit::kHeader: return "header:" + experiment.unit_name;
    case core::Experiment::Unit::kCookie: return "cookie:" + experiment.unit_name;
    case core::Experiment::Unit::kQueryParam: return "queryParam:" + experiment.unit_name;
  }
  return experiment.unit_name;
}

// JSON has no infinity: a side that is not known yet is null.
Json NumberJson(double number) { return std::isfinite(number) ? Json(number) : Json(); }

Json IntervalJson(const char* what, double value, const core::Interval& interval) {
  return {{what, NumberJson(value)}, {"low", NumberJson(interval.low)}, {"high", NumberJson(interval.high)}};
}

Json QuantileJson(const core::VersionSample& control, const core::VersionSample& arm, double quantile) {
  const core::Regression found = core::CompareQuantiles(control, arm, quantile, 0, kAlpha);
  const double ratio = found.champion > 0 ? found.challenger / found.champion : NAN;
  return IntervalJson("ratio", ratio, found.difference);
}

Json AgainstJson(const ExperimentTally::Arm& control, const core::VersionSample& before,
                 const core::VersionSample& after) {
  if (before.answers == 0 || after.answers == 0) return nullptr;
  const core::Regression errors =
      core::CompareRates({before.answers, before.errors}, {after.answers, after.errors}, 0, kAlpha);
  return {{"arm", control.name},
          {"errorRate", IntervalJson("difference", errors.challenger - errors.champion, errors.difference)},
          {"p50", QuantileJson(before, after, 0.5)},
          {"p99", QuantileJson(before, after, 0.99)}};
}

Json ShareJson(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? Json() : Json(static_cast<double>(part) / static_cast<double>(whole));
}

void AddAnswers(const core::VersionSample& sample, Json& json) {
  constexpr double kMicros = 1000;
  const std::uint64_t timed = sample.timed();
  json["requests"] = sample.answers + sample.abandoned;
  json["errors"] = sample.errors;
  json["errorRate"] = ShareJson(sample.errors, sample.answers);
  json["p50Ms"] = timed == 0 ? Json() : Json(sample.Quantile(0.5) / kMicros);
  json["p99Ms"] = timed == 0 ? Json() : Json(sample.Quantile(0.99) / kMicros);
  json["meanMs"] =
      timed == 0 ? Json() : Json(static_cast<double>(sample.sum_us) / static_cast<double>(timed) / kMicros);
}

Json ArmsJson(const ExperimentTally& tally, const core::Snapshot& snapshot) {
  std::uint64_t users = 0;
  std::uint64_t weights = 0;
  for (const ExperimentTally::Arm& arm : tally.arms()) {
    weights += arm.weight;
    if (arm.weight > 0) users += arm.exposures;
  }
  Json list = Json::array();
  core::VersionSample control;
  for (const ExperimentTally::Arm& arm : tally.arms()) {
    const bool holdout = arm.weight == 0;
    const core::VersionSample sample = tally.AnsweredBy(arm, snapshot);
    Json json = {{"arm", arm.name},
                 {"subset", arm.subset},
                 {"expectedShare", holdout ? Json() : ShareJson(arm.weight, weights)},
                 {"exposures", arm.exposures},
                 {"share", holdout ? Json() : ShareJson(arm.exposures, users)},
                 {"against", nullptr}};
    AddAnswers(sample, json);
    if (list.empty()) {
      control = sample;
    } else if (!holdout) {
      json["against"] = AgainstJson(tally.arms().front(), control, sample);
    }
    list.push_back(std::move(json));
  }
  return list;
}

Json StatusJson(const ExperimentView& view, const ExperimentTally& tally, const core::Experiment& experiment) {
  const core::RatioWatch& watch = tally.watch();
  std::vector<config::Finding> findings;
  if (watch.alarm()) findings.push_back(tally.AlarmFinding());
  return {{"namespace", tally.name_space()},
          {"name", tally.name()},
          {"host", experiment.host},
          {"unit", UnitText(experiment)},
          {"buckets", experiment.buckets},
          {"layer", experiment.layer ? Json(experiment.layer->name) : Json()},
          {"holdout", experiment.holdout ? Json(experiment.holdout->name) : Json()},
          {"sinceUs", tally.since_us()},
          {"exposureLog", {{"path", view.log->path()}, {"lines", view.log->lines()}, {"dropped", view.log->dropped()}}},
          {"ratio",
           {{"chiSquare", watch.ratio().chi_square},
            {"pValue", watch.ratio().p_value},
            {"users", watch.looked_at()},
            {"alarm", watch.alarm()}}},
          {"findings", ToJson(findings)},
          {"arms", ArmsJson(tally, *view.snapshot)}};
}

const core::Experiment* FindExperiment(const core::Snapshot& snapshot, const ExperimentTally& tally) {
  const auto found = std::ranges::find_if(snapshot.experiments, [&](const core::Experiment& experiment) {
    return experiment.name_space == tally.name_space() && experiment.name == tally.name();
  });
  return found == snapshot.experiments.end() ? nullptr : &*found;
}

AdminAnswer One(const ExperimentView& view, std::string_view name) {
  for (const ExperimentTally* tally : view.tallies) {
    if (tally->name_space() + '/' + tally->name() != name) continue;
    if (const core::Experiment* experiment = FindExperiment(*view.snapshot, *tally)) {
      return JsonAnswerOf(200, StatusJson(view, *tally, *experiment));
    }
  }
  std::string known;
  for (const ExperimentTally* tally : view.tallies) {
    known += (known.empty() ? "" : ", ") + tally->name_space() + '/' + tally->name();
  }
  return PageError(404, {core::ErrorCode::kNotFound, "there is no experiment " + std::string(name.substr(0, 300)),
                         known.empty() ? "this gateway runs none" : "this gateway runs " + known.substr(0, 1000)});
}

}  // namespace

bool IsExperimentPath(std::string_view path) {
  return path == kRoot || (path.starts_with(kRoot) && path[kRoot.size()] == '/');
}

AdminAnswer AnswerExperiments(const ExperimentView& view, const AdminRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    return PageError(405, {core::ErrorCode::kInvalidArgument, "this page wants GET", ""});
  }
  const std::string_view rest = request.path.substr(std::min(request.path.size(), kRoot.size()));
  if (rest.size() > 1) return One(view, rest.substr(1));
  Json list = Json::array();
  for (const ExperimentTally* tally : view.tallies) {
    if (const core::Experiment* experiment = FindExperiment(*view.snapshot, *tally)) {
      list.push_back(StatusJson(view, *tally, *experiment));
    }
  }
  return JsonAnswerOf(200, {{"experiments", std::move(list)}});
}

}  // namespace sluice::gateway

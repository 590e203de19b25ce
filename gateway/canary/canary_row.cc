#include "gateway/canary/canary_row.h"

#include <utility>

#include "gateway/store/field_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::VersionSample;

std::string TextOf(const Json& json, const char* key) {
  const Json& value = ValueAt(json, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint64_t CountOf(const Json& json, const char* key) {
  const Json& value = ValueAt(json, key);
  return value.is_number_integer() && value >= 0 ? value.get<std::uint64_t>() : 0;
}

core::Duration MicrosOf(const Json& json, const char* key) {
  return std::chrono::microseconds(static_cast<std::int64_t>(CountOf(json, key)));
}

std::int64_t Micros(core::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// Most buckets are empty: [bucket, count, bucket, count ...].
Json SampleJson(const VersionSample& sample) {
  Json buckets = Json::array();
  for (std::size_t i = 0; i < sample.latency.size(); ++i) {
    if (sample.latency[i] == 0) continue;
    buckets.push_back(i);
    buckets.push_back(sample.latency[i]);
  }
  return {{"answers", sample.answers},
          {"errors", sample.errors},
          {"abandoned", sample.abandoned},
          {"sumUs", sample.sum_us},
          {"latency", std::move(buckets)}};
}

VersionSample SampleFrom(const Json& json) {
  VersionSample sample;
  sample.answers = CountOf(json, "answers");
  sample.errors = CountOf(json, "errors");
  sample.abandoned = CountOf(json, "abandoned");
  sample.sum_us = CountOf(json, "sumUs");
  const Json& buckets = ValueAt(json, "latency");
  for (std::size_t i = 0; buckets.is_array() && i + 1 < buckets.size(); i += 2) {
    if (!buckets[i].is_number_unsigned() || !buckets[i + 1].is_number_unsigned()) break;
    const auto bucket = buckets[i].get<std::uint64_t>();
    if (bucket < sample.latency.size()) sample.latency[bucket] = buckets[i + 1].get<std::uint64_t>();
  }
  return sample;
}

const char* StepText(core::CanaryStep::Kind kind) {
  switch (kind) {
    case core::CanaryStep::Kind::kEnterStage: return "enterStage";
    case core::CanaryStep::Kind::kFinish: return "finish";
    case core::CanaryStep::Kind::kRollBack: return "rollBack";
    case core::CanaryStep::Kind::kNote: return "note";
    case core::CanaryStep::Kind::kNone: break;
  }
  return "none";
}

core::CanaryStep::Kind StepFrom(const std::string& text) {
  using Kind = core::CanaryStep::Kind;
  for (const Kind kind : {Kind::kEnterStage, Kind::kFinish, Kind::kRollBack, Kind::kNote}) {
    if (text == StepText(kind)) return kind;
  }
  return Kind::kNone;
}

core::CanaryPhase PhaseOf(const Json& json) {
  return core::ParseCanaryPhase(TextOf(json, "phase")).value_or(core::CanaryPhase::kIdle);
}

Json IntentJson(const CanaryIntent& intent) {
  return {{"step", StepText(intent.step.kind)},
          {"stage", intent.step.stage},
          {"phase", core::CanaryPhaseText(intent.step.phase)},
          {"reason", intent.step.reason},
          {"what", intent.what},
          {"author", intent.author},
          {"weights", ToJson(intent.weights)}};
}

std::optional<CanaryIntent> IntentFrom(const Json& json) {
  const core::CanaryStep::Kind kind = StepFrom(TextOf(json, "step"));
  if (kind == core::CanaryStep::Kind::kNone) return std::nullopt;
  return CanaryIntent{
      .step = {.kind = kind, .stage = CountOf(json, "stage"), .phase = PhaseOf(json), .reason = TextOf(json, "reason")},
      .what = TextOf(json, "what"),
      .author = TextOf(json, "author"),
      .weights = RouteWeightsFrom(ValueAt(json, "weights"))};
}

Json StateJson(const core::CanaryState& state) {
  return {{"phase", core::CanaryPhaseText(state.phase)},
          {"pause", state.pause == core::PauseCause::kPerson        ? "person"
                    : state.pause == core::PauseCause::kForeignEdit ? "foreignEdit"
                                                                    : ""},
          {"stage", state.stage},
          {"heldUs", Micros(state.held)},
          {"noDataUs", Micros(state.no_data)},
          {"reason", state.reason}};
}

core::CanaryState StateFrom(const Json& json) {
  const std::string pause = TextOf(json, "pause");
  core::CanaryState state;
  state.phase = PhaseOf(json);
  if (pause == "person") state.pause = core::PauseCause::kPerson;
  if (pause == "foreignEdit") state.pause = core::PauseCause::kForeignEdit;
  state.stage = CountOf(json, "stage");
  state.held = MicrosOf(json, "heldUs");
  state.no_data = MicrosOf(json, "noDataUs");
  state.reason = TextOf(json, "reason");
  return state;
}

}  // namespace

Json ToJson(const CanaryRow& row) {
  Json json = {{"state", StateJson(row.state)},
               {"sinceUs", row.since_us},
               {"namespace", row.target.service.name_space},
               {"virtualService", row.target.service.name},
               {"route", row.target.route},
               {"champion", row.target.versions.champion},
               {"challenger", row.target.versions.challenger},
               {"before", ToJson(row.before)},
               {"rule", row.rule},
               {"championSample", SampleJson(row.champion)},
               {"challengerSample", SampleJson(row.challenger)},
               {"last", row.last},
               {"verdict", row.verdict}};
  if (row.last) json["previousChampionSample"] = SampleJson(row.previous_champion);
  if (row.intent) json["intent"] = IntentJson(*row.intent);
  return json;
}

CanaryRow CanaryRowFrom(const Json& json) {
  CanaryRow row;
  row.state = StateFrom(ValueAt(json, "state"));
  row.since_us = static_cast<std::int64_t>(CountOf(json, "sinceUs"));
  row.target.service = {"VirtualService", TextOf(json, "namespace"), TextOf(json, "virtualService")};
  row.target.route = TextOf(json, "route");
  row.target.versions = {TextOf(json, "champion"), TextOf(json, "challenger")};
  row.before = RouteWeightsFrom(ValueAt(json, "before"));
  row.rule = ValueAt(json, "rule");
  row.intent = IntentFrom(ValueAt(json, "intent"));
  row.champion = SampleFrom(ValueAt(json, "championSample"));
  row.challenger = SampleFrom(ValueAt(json, "challengerSample"));
  row.last = ValueAt(json, "last") == true;
  row.previous_champion = SampleFrom(ValueAt(json, "previousChampionSample"));
  if (const Json& verdict = ValueAt(json, "verdict"); verdict.is_object()) row.verdict = verdict;
  return row;
}

}  // namespace sluice::gateway

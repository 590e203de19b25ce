#include "core/canary/canary_machine.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/canary/number_text.h"

namespace sluice::core {
namespace {

constexpr std::array<std::string_view, 6> kPhases = {"Idle",      "Progressing", "Paused",
                                                     "Succeeded", "RolledBack",  "Aborted"};

using Reading = PrometheusReading::State;

// A gate that has no reading yet counts as one that was not asked.
Reading StateOf(std::span<const PrometheusReading> readings, std::size_t gate) {
  return gate < readings.size() ? readings[gate].state : Reading::kNone;
}

// The gates in `states`, with what they said: "quality: 0.31 > 0.2; errors: no sample". Empty: none of them.
std::string GatesIn(const CanarySpec& spec, std::span<const PrometheusReading> readings,
                    std::initializer_list<Reading> states) {
  std::string text;
  for (std::size_t i = 0; i < spec.prometheus.size(); ++i) {
    const Reading state = StateOf(readings, i);
    if (std::ranges::find(states, state) == states.end()) continue;
    const bool asked = state != Reading::kNone && !readings[i].text.empty();
    text += (text.empty() ? "" : "; ") + spec.prometheus[i].name + ": " + (asked ? readings[i].text : "not asked yet");
  }
  return text;
}

bool Measures(const CanarySpec& spec) { return spec.error_rate.has_value() || spec.latency.has_value(); }

std::string With(std::string text, const std::string& more) {
  return more.empty() ? text : std::move(text) + "; " + more;
}

}  // namespace

std::string_view CanaryPhaseText(CanaryPhase phase) { return kPhases[static_cast<std::size_t>(phase)]; }

std::optional<CanaryPhase> ParseCanaryPhase(std::string_view text) {
  const auto found = std::ranges::find(kPhases, text);
  if (found == kPhases.end()) return std::nullopt;
  return static_cast<CanaryPhase>(found - kPhases.begin());
}

CanaryMachine::CanaryMachine(CanarySpec spec, CanaryState state) : spec_(std::move(spec)), state_(std::move(state)) {
  Fit();
}

void CanaryMachine::Fit() {
  if (spec_.stages.empty() || state_.stage < spec_.stages.size()) return;
  state_.stage = spec_.stages.size() - 1;
  enter_anew_ = running();
}

void CanaryMachine::SetSpec(CanarySpec spec) {
  const bool entered = state_.stage < spec_.stages.size();
  const std::uint32_t weight = entered ? spec_.stages[state_.stage].weight : 0;
  spec_ = std::move(spec);
  Fit();
  if (running() && state_.stage < spec_.stages.size() && spec_.stages[state_.stage].weight != weight) {
    enter_anew_ = true;
  }
}

// "stage 2 of 5 (10 %)"
std::string CanaryMachine::StageText() const {
  std::string place = "stage " + std::to_string(state_.stage + 1) + " of " + std::to_string(spec_.stages.size());
  if (state_.stage >= spec_.stages.size()) return place;
  return place + " (" + std::to_string(spec_.stages[state_.stage].weight) + " %)";
}

CanaryStep CanaryMachine::Enter(std::size_t stage, std::string reason) const {
  return {.kind = CanaryStep::Kind::kEnterStage,
          .stage = stage,
          .phase = CanaryPhase::kProgressing,
          .reason = std::move(reason)};
}

CanaryStep CanaryMachine::RollBack(CanaryPhase phase, std::string reason) const {
  return {.kind = CanaryStep::Kind::kRollBack, .stage = state_.stage, .phase = phase, .reason = std::move(reason)};
}

CanaryStep CanaryMachine::Wait(Waiting what, std::string reason) {
  if (told_[static_cast<std::size_t>(what)]) return {.stage = state_.stage};
  asked_ = what;
  return {.kind = CanaryStep::Kind::kNote, .stage = state_.stage, .reason = std::move(reason)};
}

CanaryStep CanaryMachine::Tick(Duration elapsed, const Verdict& verdict,
                               std::span<const PrometheusReading> prometheus) {
  CanaryStep nothing{.stage = state_.stage, .phase = state_.phase};
  if (!running() || spec_.stages.empty() || state_.pause == PauseCause::kForeignEdit) return nothing;
  // What is certain does not wait for anything: neither for the hold nor for whoever has paused it.
  const std::string broken = GatesIn(spec_, prometheus, {Reading::kBroken});
  if (verdict.broken || !broken.empty()) {
    return RollBack(CanaryPhase::kRolledBack, "rolled back from " + StageText() + " after " + HoldText(state_.held) +
                                                  ": " + (verdict.broken ? With(verdict.Text(), broken) : broken));
  }
  if (state_.phase == CanaryPhase::kPaused) return nothing;
  if (enter_anew_) return Enter(state_.stage, StageText() + " begins anew: its definition has changed");
  const Duration hold = spec_.stages[state_.stage].hold;
  state_.held += elapsed;
  if (state_.held < hold) return nothing;
  // Only the part of this tick that lies behind the hold was spent waiting.
  return WhenHeld(std::min(elapsed, state_.held - hold), verdict, prometheus);
}

CanaryStep CanaryMachine::WhenHeld(Duration elapsed, const Verdict& verdict,
                                   std::span<const PrometheusReading> prometheus) {
  // Without gates nothing is asked of the measurements: time alone decides.
  const bool gated = Measures(spec_) || !spec_.prometheus.empty();
  std::string missing = GatesIn(spec_, prometheus, {Reading::kNone, Reading::kNoData});
  if (gated && !verdict.enough) {
    missing = With("fewer than " + CountText(spec_.min_requests) + " requests (challenger " +
                       CountText(verdict.challenger_requests) +
                       (Last() ? "" : ", champion " + CountText(verdict.champion_requests)) + ")",
                   missing);
  }
  if (missing.empty()) {
    state_.no_data = Duration{0};
  } else if (spec_.on_no_data != NoDataPolicy::kPromote) {
    return WithoutData(elapsed, missing);
  }
  const std::string bad = GatesIn(spec_, prometheus, {Reading::kBad});
  if (verdict.beyond || !bad.empty()) {
    return Wait(Waiting::kGates,
                StageText() + " waits, as a gate is not met: " + (verdict.beyond ? With(verdict.Text(), bad) : bad));
  }
  std::string seen = Measures(spec_) ? verdict.Text() : std::string();
  if (!missing.empty()) seen = With("onNoData is promote and there is too little data: " + missing, seen);
  const std::string held = StageText() + " held " + HoldText(state_.held) + (seen.empty() ? "" : ": " + seen);
  if (!Last()) return Enter(state_.stage + 1, held);
  return {.kind = CanaryStep::Kind::kFinish,
          .stage = state_.stage,
          .phase = CanaryPhase::kSucceeded,
          .reason = "promoted: " + held};
}

CanaryStep CanaryMachine::WithoutData(Duration elapsed, const std::string& what) {
  if (spec_.on_no_data == NoDataPolicy::kRollback) {
    return RollBack(CanaryPhase::kRolledBack, "rolled back from " + StageText() + " after " + HoldText(state_.held) +
                                                  ", as onNoData says: " + what);
  }
  state_.no_data += elapsed;
  if (spec_.no_data_limit > Duration{0} && state_.no_data > spec_.no_data_limit) {
    return RollBack(CanaryPhase::kRolledBack, "rolled back from " + StageText() + ": no data for more than " +
                                                  HoldText(spec_.no_data_limit) + " beyond the hold: " + what);
  }
  return Wait(Waiting::kData, StageText() + " waits for data: " + what);
}

Result<CanaryStep> CanaryMachine::Start() {
  if (running()) {
    return Fail(ErrorCode::kInvalidArgument, "the canary is already in " + StageText(),
                "abort it first, or promote it");
  }
  if (spec_.stages.empty()) return Fail(ErrorCode::kInvalidArgument, "the canary has no stages", "give it some");
  return Enter(0, "started with " + std::to_string(spec_.stages[0].weight) + " %");
}

Result<CanaryStep> CanaryMachine::Promote(bool full, std::string_view who) {
  if (!running()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the canary is not running, it is " + std::string(CanaryPhaseText(state_.phase)), "start it first");
  }
  if (state_.pause == PauseCause::kForeignEdit) {
    return Fail(ErrorCode::kInvalidArgument, "the canary is paused because its route was changed: " + state_.reason,
                "resume it first, which sets the weights of its stage again, or abort it");
  }
  const std::string by = "promoted by " + std::string(who) + " from " + StageText() + " after " + HoldText(state_.held);
  if (Last()) {
    return CanaryStep{
        .kind = CanaryStep::Kind::kFinish, .stage = state_.stage, .phase = CanaryPhase::kSucceeded, .reason = by};
  }
  return Enter(full ? spec_.stages.size() - 1 : state_.stage + 1, by);
}

Result<CanaryStep> CanaryMachine::Abort(std::string_view who) {
  if (!running()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the canary is not running, it is " + std::string(CanaryPhaseText(state_.phase)),
                "there is nothing to abort; `sluice revert` takes back an earlier change");
  }
  return RollBack(CanaryPhase::kAborted,
                  "aborted by " + std::string(who) + " in " + StageText() + " after " + HoldText(state_.held));
}

Status CanaryMachine::Pause(std::string_view who) {
  if (!running()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the canary is not running, it is " + std::string(CanaryPhaseText(state_.phase)), "start it first");
  }
  if (state_.phase == CanaryPhase::kPaused) {
    return Fail(ErrorCode::kInvalidArgument, "the canary is paused already: " + state_.reason, "resume or abort it");
  }
  state_.phase = CanaryPhase::kPaused;
  state_.pause = PauseCause::kPerson;
  state_.reason = "paused by " + std::string(who) + " in " + StageText() + " after " + HoldText(state_.held);
  return {};
}

Result<CanaryStep> CanaryMachine::Resume(std::string_view who) {
  if (state_.phase != CanaryPhase::kPaused) {
    return Fail(ErrorCode::kInvalidArgument,
                "the canary is not paused, it is " + std::string(CanaryPhaseText(state_.phase)),
                running() ? "there is nothing to resume" : "start it first");
  }
  const std::string by = "resumed by " + std::string(who) + " in " + StageText();
  if (state_.pause == PauseCause::kForeignEdit) return Enter(state_.stage, by + ", which begins anew");
  state_.phase = CanaryPhase::kProgressing;
  state_.pause = PauseCause::kNone;
  state_.reason = by + " after " + HoldText(state_.held);
  return CanaryStep{.stage = state_.stage, .reason = state_.reason};
}

void CanaryMachine::PauseForEdit(std::string reason) {
  if (!running()) return;
  state_.phase = CanaryPhase::kPaused;
  state_.pause = PauseCause::kForeignEdit;
  state_.reason = std::move(reason);
}

void CanaryMachine::Done(const CanaryStep& step) {
  switch (step.kind) {
    case CanaryStep::Kind::kNone: return;
    case CanaryStep::Kind::kNote:
      told_[static_cast<std::size_t>(asked_)] = true;
      state_.reason = step.reason;
      return;
    case CanaryStep::Kind::kEnterStage:
      state_ = {.phase = step.phase, .stage = step.stage, .reason = step.reason};
      enter_anew_ = false;
      std::ranges::fill(told_, false);
      return;
    case CanaryStep::Kind::kFinish:
    case CanaryStep::Kind::kRollBack:
      state_.phase = step.phase;
      state_.pause = PauseCause::kNone;
      state_.reason = step.reason;
      enter_anew_ = false;
      return;
  }
}

}  // namespace sluice::core

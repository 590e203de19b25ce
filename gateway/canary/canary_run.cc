#include "gateway/canary/canary_run.h"

#include <algorithm>
#include <utility>

#include "gateway/canary/live_rule.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

using Kind = core::CanaryStep::Kind;

// A definition that was edited while nobody was looking may have fewer stages.
std::size_t Fitting(std::size_t stage, const core::CanarySpec& spec) {
  return spec.stages.empty() ? stage : std::min(stage, spec.stages.size() - 1);
}

core::CanaryState Fitting(core::CanaryState state, const core::CanarySpec& spec) {
  state.stage = Fitting(state.stage, spec);
  return state;
}

std::string SpecText(const core::CanarySpec& spec) {
  std::string text;
  for (const core::CanaryStage& stage : spec.stages) {
    text += (text.empty() ? "" : ", ") + std::to_string(stage.weight) + " %";
  }
  return text;
}

}  // namespace

CanaryRun::CanaryRun(const CanaryWorld& world, boost::asio::io_context& context, config::CanaryDocument document,
                     core::TimePoint now, std::optional<CanaryRow> row)
    : world_(world),
      context_(context),
      document_(std::move(document)),
      id_(document_.meta.Id()),
      machine_(document_.spec, row ? Fitting(row->state, document_.spec) : core::CanaryState{}),
      row_(row ? std::move(*row) : CanaryRow{}),
      champion_(row_.champion),
      challenger_(row_.challenger),
      watch_(std::make_unique<PrometheusWatch>(context_, document_.spec.prometheus)),
      last_tick_(now),
      saved_at_(now) {
  if (machine_.running() || row_.intent) Recover(now);
}

// Where a life before has ended. The step that it was about to take is taken again: weights are absolute, so twice is the
// same as once.
void CanaryRun::Recover(core::TimePoint now) {
  if (row_.intent) {
    const auto rule = FindLiveRule(world_, row_.target);
    config::Json intended = row_.rule;
    if (rule && PutWeights(intended, row_.intent->weights) && rule->rule() == intended) row_.rule = std::move(intended);
    row_.intent->step.stage = Fitting(row_.intent->step.stage, document_.spec);
    pending_ = Pending{.intent = *row_.intent, .retry_at = now};
  }
  if (!(TargetOf(document_) == row_.target)) {
    Retire("the Canary names another route or other versions than those that it was started with", now);
    return;
  }
  if (pending_) return;  // it finds out by itself whether the route is still what it was
  OnWorld();
  KeepInStep(now);
}

std::shared_ptr<core::VersionMeters> CanaryRun::MeterOf(const std::string& name) const {
  const std::shared_ptr<const core::Snapshot> snapshot = world_.snapshot(world_.self);
  const core::MeterSlot* slot = snapshot == nullptr ? nullptr : snapshot->FindMeter(name);
  return slot == nullptr ? nullptr : slot->live;
}

// What is answered under rules that are not ours does not count.
void CanaryRun::Measure() {
  if (machine_.state().pause == core::PauseCause::kForeignEdit) return;
  row_.champion = champion_.Read(MeterOf(config::ChampionMeter(document_.meta)));
  row_.challenger = challenger_.Read(MeterOf(config::ChallengerMeter(document_.meta)));
}

bool CanaryRun::RollingBack() const { return pending_ && pending_->intent.step.kind == Kind::kRollBack; }

void CanaryRun::Tick(core::TimePoint now) {
  const core::Duration elapsed = now - last_tick_;
  last_tick_ = now;
  if (machine_.running() && !retiring_) Advance(now, elapsed);
  TryPending(now);
  if (retiring_ && !pending_) Leave();
  if ((machine_.running() || !owed_.empty()) && now - saved_at_ >= kCheckpoint) Checkpoint(now);
}

// Looks at what was measured and asks the machine what to do.
void CanaryRun::Advance(core::TimePoint now, core::Duration elapsed) {
  Measure();
  const core::CanaryState& state = machine_.state();
  if (state.pause == core::PauseCause::kForeignEdit) return;
  verdict_ =
      core::Judge(document_.spec, state.stage, row_.last ? row_.previous_champion : row_.champion, row_.challenger);
  judged_ = true;
  watch_->Tick(now);
  if (RollingBack()) return;
  const core::CanaryStep step = machine_.Tick(elapsed, verdict_, watch_->readings());
  const bool asked = pending_ && !pending_->intent.author.empty();
  switch (step.kind) {
    case Kind::kNone:
      if (!asked && !out_of_step_) pending_.reset();  // what was refused is not wanted any more
      break;
    case Kind::kNote:
      machine_.Done(step);
      SaveOrOwe(Event("wait", step.reason, "canary"));
      break;
    case Kind::kRollBack: Want(step, "rollback", now); break;
    case Kind::kEnterStage:
      if (!asked) Want(step, "stage", now);
      break;
    case Kind::kFinish:
      if (!asked) Want(step, "finish", now);
      break;
  }
}

// The same step as before keeps its place in the queue of tries, with the numbers of now.
void CanaryRun::Want(const core::CanaryStep& step, const std::string& what, core::TimePoint now) {
  const bool same = pending_ && pending_->intent.step.kind == step.kind && pending_->intent.step.stage == step.stage;
  if (!same) pending_ = Pending{.retry_at = now};
  pending_->intent = {.step = step, .what = what};
}

void CanaryRun::TryPending(core::TimePoint now) {
  if (!pending_ || now < pending_->retry_at) return;
  const core::Status done = Carry(CanaryIntent(pending_->intent));
  if (done) {
    pending_.reset();
    return;
  }
  if (!pending_) return;  // the route is not ours any more
  pending_->refusal = done.error().Text();
  if (pending_->wait == core::Duration(0)) {
    LogWarning("main", "canary " + id_ + ": " + pending_->intent.what +
                           " could not be carried out and is tried again: " + pending_->refusal);
  }
  pending_->wait = std::clamp<core::Duration>(pending_->wait * 2, kRetryFirst, kRetryMax);
  pending_->retry_at = now + pending_->wait;
}

void CanaryRun::OnWorld() {
  if (submitting_ || !machine_.running() || machine_.state().pause == core::PauseCause::kForeignEdit) return;
  const auto rule = FindLiveRule(world_, row_.target);
  if (rule && rule->rule() == row_.rule) return;
  std::string reason = LastChangeText(world_, row_.target.service);
  if (!rule) reason = rule.error().cause + " any more, " + reason;
  PauseForEdit(reason);
}

void CanaryRun::PauseForEdit(const std::string& reason) {
  row_.intent.reset();
  if (retiring_) return;
  pending_.reset();
  if (!machine_.running()) return;
  Measure();
  machine_.PauseForEdit(reason);
  row_.since_us = UnixMicros();
  LogWarning("main", "canary " + id_ + " is paused: " + reason);
  SaveOrOwe(Event("pause", reason, "canary"));
}

void CanaryRun::Follow(const config::CanaryDocument& document, core::TimePoint now) {
  if (retiring_) return;
  const bool other_spec = !(document.spec == document_.spec);
  document_ = document;
  if (machine_.running() && !(TargetOf(document_) == row_.target)) {
    Retire("the Canary names another route or other versions now: the weights are as they were before the start", now);
    return;
  }
  if (!other_spec) return;
  machine_.SetSpec(document_.spec);
  watch_ = std::make_unique<PrometheusWatch>(context_, document_.spec.prometheus);
  if (!machine_.running()) return;
  SaveOrOwe(Event("edit", "the Canary was edited while it runs; stages are " + SpecText(document_.spec), "canary"));
}

// The weights of the stage are another number than those in force: the definition was edited while nobody was looking. The
// stage begins anew.
void CanaryRun::KeepInStep(core::TimePoint now) {
  const core::CanaryState& state = machine_.state();
  if (state.phase != core::CanaryPhase::kProgressing || pending_ || retiring_) return;
  if (state.stage >= document_.spec.stages.size()) return;  // the definition is gone
  core::CanaryStep step{.kind = Kind::kEnterStage, .stage = state.stage};
  const auto weights = WeightsFor(step);
  config::Json rule = row_.rule;
  if (weights && PutWeights(rule, *weights) && rule == row_.rule) return;
  step.reason = "stage " + std::to_string(state.stage + 1) + " of " + std::to_string(document_.spec.stages.size()) +
                " (" + std::to_string(document_.spec.stages[state.stage].weight) +
                " %) begins anew: its definition has changed";
  out_of_step_ = true;
  Want(step, "stage", now);
}

void CanaryRun::Retire(const std::string& why, core::TimePoint now) {
  if (retiring_) return;
  retiring_ = true;
  if (!machine_.running() && !row_.intent) {
    pending_.reset();
    return;
  }
  const core::CanaryStep step{.kind = Kind::kRollBack, .phase = core::CanaryPhase::kAborted, .reason = why};
  pending_ = Pending{.intent = {.step = step, .what = "abort"}, .retry_at = now};
}

void CanaryRun::Leave() {
  if (world_.store->Forget(id_, farewell_ ? &*farewell_ : nullptr)) over_ = true;
}

void CanaryRun::Checkpoint(core::TimePoint now) {
  saved_at_ = now;
  const core::Status saved = Save(nullptr);
  if (!saved) return;  // the disk is full: told when a change is refused; the stage goes on
}

std::string CanaryRun::Reason() const {
  if (pending_ && !pending_->refusal.empty()) {
    return pending_->intent.what + " is tried again and again: " + pending_->refusal + " (" +
           pending_->intent.step.reason + ")";
  }
  return machine_.state().reason;
}

std::uint32_t CanaryRun::Weight() const {
  const core::CanaryState& state = machine_.state();
  if (state.phase == core::CanaryPhase::kSucceeded) return 100;
  return machine_.running() && state.stage < document_.spec.stages.size() ? document_.spec.stages[state.stage].weight
                                                                          : 0;
}

std::span<const core::PrometheusReading> CanaryRun::Readings() const { return watch_->readings(); }

}  // namespace sluice::gateway

// What people ask of a run (canary_run.h). What is refused leaves it as it was. The control thread only.
#include <utility>

#include "gateway/canary/canary_run.h"
#include "gateway/canary/live_rule.h"
#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {
namespace {

using Kind = core::CanaryStep::Kind;

std::string With(const std::string& text, const std::string& message) {
  return message.empty() ? text : text + " (" + message + ')';
}

}  // namespace

core::Status CanaryRun::Ready() const {
  if (retiring_) {
    return core::Fail(core::ErrorCode::kUnavailable, "the last run of this canary is being taken back", "ask again");
  }
  if (RollingBack()) {
    return core::Fail(core::ErrorCode::kUnavailable, "it is being rolled back: " + Reason(),
                      "make way for it; it is tried again by itself");
  }
  return {};
}

// Carried out at once, or not at all.
core::Status CanaryRun::CarryAsked(CanaryIntent intent, const std::string& message, Backup backup,
                                   core::TimePoint now) {
  intent.step.reason = With(intent.step.reason, message);
  const core::Status done = Carry(intent);
  if (done) {
    pending_.reset();
    last_tick_ = now;  // the time before does not count for the hold
    return {};
  }
  machine_ = std::move(backup.machine);
  row_ = std::move(backup.row);
  row_.intent.reset();
  SaveOrTell();  // what is on disk is the intention at worst, which a restart takes again
  return done;
}

core::Status CanaryRun::Start(const std::string& who, const std::string& message, core::TimePoint now) {
  if (core::Status ready = Ready(); !ready) return ready;
  Backup backup = Copy();
  const auto refuse = [&](const core::Error& error) -> core::Status {
    machine_ = std::move(backup.machine);
    return std::unexpected(error);
  };
  const auto step = machine_.Start();
  if (!step) return refuse(step.error());
  const CanaryTarget target = TargetOf(document_);
  const auto rule = FindLiveRule(world_, target);
  if (!rule) return refuse(rule.error());
  if (core::Status can = CheckStart(world_, document_, *rule); !can) return refuse(can.error());
  row_ =
      CanaryRow{.since_us = row_.since_us, .target = target, .before = WeightsOf(rule->rule()), .rule = rule->rule()};
  // Of a canary that begins with its last stage, the champion is what it was before.
  champion_ = challenger_ = CanaryProbe(core::VersionSample());
  verdict_ = core::Verdict();
  judged_ = true;
  Measure();
  return CarryAsked({.step = *step, .what = "start", .author = who}, message, std::move(backup), now);
}

core::Status CanaryRun::Pause(const std::string& who, const std::string& message) {
  if (core::Status ready = Ready(); !ready) return ready;
  const Backup backup = Copy();
  if (core::Status paused = machine_.Pause(who); !paused) return paused;
  row_.since_us = UnixMicros();
  const CanaryEvent event = Event("pause", With(machine_.state().reason, message), who);
  if (core::Status saved = Save(&event); !saved) {
    machine_ = backup.machine;
    row_ = backup.row;
    return saved;
  }
  pending_.reset();
  return {};
}

core::Status CanaryRun::Resume(const std::string& who, const std::string& message, core::TimePoint now) {
  if (core::Status ready = Ready(); !ready) return ready;
  Backup backup = Copy();
  const auto refuse = [&](const core::Error& error) -> core::Status {
    machine_ = std::move(backup.machine);
    row_ = std::move(backup.row);
    return std::unexpected(error);
  };
  const auto step = machine_.Resume(who);
  if (!step) return refuse(step.error());
  if (step->kind == Kind::kEnterStage) {
    if (core::Status adopted = Adopt(); !adopted) return refuse(adopted.error());
    return CarryAsked({.step = *step, .what = "resume", .author = who}, message, std::move(backup), now);
  }
  row_.since_us = UnixMicros();
  const CanaryEvent event = Event("resume", With(machine_.state().reason, message), who);
  if (core::Status saved = Save(&event); !saved) return refuse(saved.error());
  last_tick_ = now;
  KeepInStep(now);
  return {};
}

// The route as somebody else has left it is the one to go on with.
core::Status CanaryRun::Adopt() {
  const auto now = FindLiveRule(world_, row_.target);
  if (!now) return std::unexpected(now.error());
  const RouteWeights edited = WeightsOf(now->rule());
  if (edited != WeightsOf(row_.rule)) {
    auto before = AdoptWeights(row_.before, edited, row_.target.versions);
    if (!before) return std::unexpected(before.error());
    row_.before = std::move(*before);
  }
  row_.rule = now->rule();
  return {};
}

core::Status CanaryRun::Promote(bool full, const std::string& who, const std::string& message, core::TimePoint now) {
  if (core::Status ready = Ready(); !ready) return ready;
  Backup backup = Copy();
  const auto step = machine_.Promote(full, who);
  if (!step) {
    machine_ = std::move(backup.machine);
    return std::unexpected(step.error());
  }
  Measure();
  return CarryAsked({.step = *step, .what = step->kind == Kind::kFinish ? "finish" : "promote", .author = who}, message,
                    std::move(backup), now);
}

core::Status CanaryRun::Abort(const std::string& who, const std::string& message, core::TimePoint now) {
  if (core::Status ready = Ready(); !ready) return ready;
  const core::CanaryMachine kept = machine_;
  auto step = machine_.Abort(who);
  if (!step) {
    machine_ = kept;
    return std::unexpected(step.error());
  }
  step->reason = With(step->reason, message);
  pending_ = Pending{.intent = {.step = *step, .what = "abort", .author = who}, .retry_at = now};
  TryPending(now);
  return {};
}

}  // namespace sluice::gateway

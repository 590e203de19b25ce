// How a run carries a step out and keeps what has become of it (canary_run.h). The control thread only.
#include <utility>

#include "gateway/canary/canary_pages.h"
#include "gateway/canary/canary_run.h"
#include "gateway/canary/live_rule.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {

using Kind = core::CanaryStep::Kind;

core::Status CanaryRun::Carry(const CanaryIntent& intent) {
  if (intent.step.kind == Kind::kFinish) return Finish(intent, 0);
  const auto revision = SetWeights(intent);
  if (!revision) return std::unexpected(revision.error());
  return Finish(intent, *revision);
}

core::Result<RouteWeights> CanaryRun::WeightsFor(const core::CanaryStep& step) const {
  if (step.kind == Kind::kRollBack) return row_.before;
  return StageWeights(row_.before, row_.target.versions, document_.spec.stages.at(step.stage).weight);
}

// The revision that has set them; 0 when there was nothing to set.
core::Result<std::uint64_t> CanaryRun::SetWeights(const CanaryIntent& intent) {
  const bool back = intent.step.kind == Kind::kRollBack;
  auto now = FindLiveRule(world_, row_.target);
  if (!now) {
    if (back) return 0;  // there is no route any more that anything could be put back on
    return std::unexpected(now.error());
  }
  const auto weights = WeightsFor(intent.step);
  if (!weights) return std::unexpected(weights.error());
  config::Json wanted = row_.rule;
  if (core::Status put = PutWeights(wanted, *weights); !put) return std::unexpected(put.error());
  if (now->rule() == wanted) {
    // In force: taken before a kill, or the route was like this from the beginning.
    const std::uint64_t revision = row_.intent ? now->version : 0;
    row_.rule = std::move(wanted);
    return revision;
  }
  if (now->rule() != row_.rule) {
    const bool not_ours = retiring_ || machine_.state().pause == core::PauseCause::kForeignEdit;
    if (!back || !not_ours) {
      const std::string text = LastChangeText(world_, row_.target.service);
      PauseForEdit(text);
      return core::Fail(core::ErrorCode::kUnavailable, "the route was " + text, "look at it, then resume or abort");
    }
    // Weights that somebody else has set stay; around those that this canary has set, other things may have changed.
    if (WeightsOf(now->rule()) != WeightsOf(row_.rule)) return 0;
  }
  row_.intent = intent;
  row_.intent->weights = *weights;
  if (core::Status saved = Save(nullptr); !saved) {
    row_.intent.reset();
    return std::unexpected(saved.error());
  }
  submitting_ = true;
  // Whoever it was, the history says which canary.
  const std::string self = "canary " + id_;
  const bool asked = !intent.author.empty();
  const auto after = SubmitWeights(world_, row_.target, std::move(*now), *weights, asked ? intent.author : self,
                                   asked ? self + ": " + intent.step.reason : intent.step.reason);
  submitting_ = false;
  if (!after) {
    row_.intent.reset();
    // Without the intention nothing is taken up again that was refused; a disk that is full keeps it, and what is taken
    // again then is what the gates have asked for.
    SaveOrTell();
    return std::unexpected(after.error());
  }
  row_.rule = after->rule();
  return after->version;
}

// The step was taken: the next state and what happened, in one.
core::Status CanaryRun::Finish(const CanaryIntent& intent, std::uint64_t revision) {
  const core::CanaryStep& step = intent.step;
  const core::CanaryMachine kept = machine_;
  const core::CanaryState before = machine_.state();
  machine_.Done(step);
  CanaryEvent event = Event(intent.what, step.reason, intent.author.empty() ? "canary" : intent.author);
  event.revision = revision;
  row_.intent.reset();
  if (step.kind == Kind::kEnterStage) BeginStage(step);
  const std::int64_t since_us =
      std::exchange(row_.since_us, before.phase == machine_.state().phase ? row_.since_us : UnixMicros());
  if (step.kind == Kind::kFinish) {
    // Nothing but the row tells it: a row that cannot be written is tried again.
    if (core::Status saved = Save(&event); !saved) {
      machine_ = kept;
      row_.since_us = since_us;
      return saved;
    }
    LogInfo("main", "canary " + id_ + " has succeeded: " + step.reason);
  } else if (retiring_) {
    farewell_ = std::move(event);
  } else {
    SaveOrOwe(std::move(event));
  }
  if (step.kind == Kind::kRollBack) {
    const bool worse = step.phase == core::CanaryPhase::kRolledBack;
    if (worse) ++rollbacks_;
    (worse ? LogWarning : LogInfo)("main", "canary " + id_ + ": " + step.reason);
  } else if (step.kind == Kind::kFinish) {
    ++promotions_;
  }
  return {};
}

void CanaryRun::BeginStage(const core::CanaryStep& step) {
  const bool last = step.stage + 1 == document_.spec.stages.size();
  if (last && !row_.last) row_.previous_champion = row_.champion;
  row_.last = last;
  out_of_step_ = false;
  champion_.Restart(MeterOf(config::ChampionMeter(document_.meta)));
  challenger_.Restart(MeterOf(config::ChallengerMeter(document_.meta)));
  row_.champion = row_.challenger = core::VersionSample();
  verdict_ = core::Verdict();
  judged_ = true;
  watch_->Reset();
}

core::Status CanaryRun::Save(const CanaryEvent* event) {
  row_.state = machine_.state();
  row_.verdict = VerdictJson();
  const config::Json json = ToJson(row_);
  while (!owed_.empty()) {
    if (core::Status saved = world_.store->Save(id_, json, &owed_.front()); !saved) return saved;
    owed_.erase(owed_.begin());
    if (event == nullptr && owed_.empty()) return {};
  }
  return world_.store->Save(id_, json, event);
}

// For rows whose last state does no harm when a restart finds it.
void CanaryRun::SaveOrTell() {
  const core::Status saved = Save(nullptr);
  if (!saved) LogWarning("main", "canary " + id_ + ": its row could not be written: " + saved.error().Text());
}

void CanaryRun::SaveOrOwe(CanaryEvent event) {
  if (Save(&event)) return;
  LogError("main", "canary " + id_ + ": " + event.what + " could not be written down yet: " + event.text);
  if (owed_.size() == kOwedMax) owed_.erase(owed_.begin());
  owed_.push_back(std::move(event));
}

CanaryEvent CanaryRun::Event(const std::string& what, const std::string& text, const std::string& author) const {
  return {
      .time_us = UnixMicros(), .canary = id_, .what = what, .text = text, .author = author, .numbers = VerdictJson()};
}

// After a restart nothing was judged yet.
config::Json CanaryRun::VerdictJson() const { return judged_ ? ToJson(verdict_) : row_.verdict; }

}  // namespace sluice::gateway

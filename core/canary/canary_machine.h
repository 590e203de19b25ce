// The stages of a canary as a state machine: time and measurements in, at most one step out. It never sets weights
// itself, and it moves only when the step it asked for was carried out. Pure; the control thread.
//
//   kIdle ──Start──► kProgressing ──hold over, gates fine──► next stage … last stage (bake) ──► kSucceeded
//                     │  ▲   └─ broken, or no data for too long ─► kRolledBack      Abort ─► kAborted
//                Pause│  │Resume
//                     ▼  │
//                    kPaused (guards stay on when a person has paused it; not when the route is no longer ours)
//
// kSucceeded, kRolledBack and kAborted end a run; Start begins a new one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/canary/canary_spec.h"
#include "core/canary/verdict.h"

namespace sluice::core {

enum class CanaryPhase : std::uint8_t { kIdle, kProgressing, kPaused, kSucceeded, kRolledBack, kAborted };
std::string_view CanaryPhaseText(CanaryPhase phase);  // "Idle", "Progressing", ...
std::optional<CanaryPhase> ParseCanaryPhase(std::string_view text);

enum class PauseCause : std::uint8_t { kNone, kPerson, kForeignEdit };

// Everything that must survive a restart, besides the measurements and the weights.
struct CanaryState {
  CanaryPhase phase = CanaryPhase::kIdle;
  PauseCause pause = PauseCause::kNone;
  std::size_t stage = 0;
  Duration held{0};     // in this stage, while it was progressing
  Duration no_data{0};  // beyond the hold, waiting for data
  std::string reason;   // why it is where it is; one sentence with numbers

  friend bool operator==(const CanaryState&, const CanaryState&) = default;
};

// What a Prometheus gate said last.
struct PrometheusReading {
  enum class State : std::uint8_t { kNone, kFine, kBad, kBroken, kNoData };  // kBroken: bad so often in a row
  State state = State::kNone;  // kNone: not asked yet in this stage; counts as no data
  double value = 0;            // the worst sample
  std::string text;            // "0.31 > 0.2", "no sample", "connection refused"
};

struct CanaryStep {
  enum class Kind : std::uint8_t {
    kNone,
    kEnterStage,  // set the weights of `stage`
    kFinish,      // the challenger stays at 100: nothing to set
    kRollBack,    // set the weights from before the start
    kNote,        // nothing to set; worth telling once: no data, waiting
  };
  Kind kind = Kind::kNone;
  std::size_t stage = 0;
  CanaryPhase phase = CanaryPhase::kProgressing;  // that it leads to
  std::string reason{};
};

class CanaryMachine {
 public:
  // A state with more stages than the specification has: the last stage, entered anew.
  CanaryMachine(CanarySpec spec, CanaryState state);

  const CanarySpec& spec() const { return spec_; }
  const CanaryState& state() const { return state_; }
  bool running() const { return state_.phase == CanaryPhase::kProgressing || state_.phase == CanaryPhase::kPaused; }

  // `elapsed` since the last tick, on the steady clock. Time counts for the hold only while it is progressing.
  CanaryStep Tick(Duration elapsed, const Verdict& verdict, std::span<const PrometheusReading> prometheus);

  // What people ask for. An error says why it cannot be now, and what can.
  Result<CanaryStep> Start();
  // The next stage now; `full`: the last one. In the last one: finishes, without the rest of the bake.
  Result<CanaryStep> Promote(bool full, std::string_view who);
  Result<CanaryStep> Abort(std::string_view who);
  Status Pause(std::string_view who);
  // After a pause by a person it goes on at once where it was (kNone). After a foreign edit the weights of the stage must
  // be set again, so the step is to enter it anew, with the whole hold.
  Result<CanaryStep> Resume(std::string_view who);
  // The route was edited by somebody else, or is gone.
  void PauseForEdit(std::string reason);

  // The step was carried out: weights are in force and recorded.
  void Done(const CanaryStep& step);
  // Another definition, between two ticks; the stage stays, or becomes the last one when there are fewer. When that
  // changes its weight the next tick enters it anew.
  void SetSpec(CanarySpec spec);

 private:
  enum class Waiting : std::uint8_t { kNothing, kData, kGates };

  CanaryStep WhenHeld(Duration elapsed, const Verdict& verdict, std::span<const PrometheusReading> prometheus);
  CanaryStep WithoutData(Duration elapsed, const std::string& what);
  CanaryStep Wait(Waiting what, std::string reason);
  CanaryStep Enter(std::size_t stage, std::string reason) const;
  CanaryStep RollBack(CanaryPhase phase, std::string reason) const;
  bool Last() const { return state_.stage + 1 >= spec_.stages.size(); }
  std::string StageText() const;
  void Fit();

  CanarySpec spec_;
  CanaryState state_;
  bool enter_anew_ = false;            // another definition has changed the weight of the stage
  Waiting asked_ = Waiting::kNothing;  // what the last kNote is about
  std::array<bool, 3> told_{};         // in this stage, by what it waits for
};

}  // namespace sluice::core

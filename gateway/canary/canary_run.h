// One canary: its definition, the machine, what was measured, what it has made of the route, and the row that keeps all of
// it. Asks the machine, carries its steps out, tries again what was refused, and notices when somebody else has changed the
// route. Owned by the controller; the control thread only.
//
// A step is carried out in this order, so that a kill at any point leaves weights that somebody has recorded, and no step
// half taken: the intention to the row; the weights by a change of their own; the machine's next state with what happened
// to the row.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/document.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/canary/canary_machine.h"
#include "core/canary/verdict.h"
#include "gateway/canary/canary_probe.h"
#include "gateway/canary/canary_row.h"
#include "gateway/canary/canary_world.h"
#include "gateway/canary/prometheus_watch.h"
#include "gateway/store/canary_store.h"

namespace sluice::gateway {

class CanaryRun {
 public:
  static constexpr std::chrono::seconds kRetryFirst{1};
  static constexpr std::chrono::seconds kRetryMax{30};
  static constexpr std::chrono::seconds kCheckpoint{2};
  static constexpr std::size_t kOwedMax = 32;  // events that could not be written yet

  // `world` and `context` outlive it. `row` is what a life before has left of it; it is taken up where it was.
  CanaryRun(const CanaryWorld& world, boost::asio::io_context& context, config::CanaryDocument document,
            core::TimePoint now, std::optional<CanaryRow> row);

  // --- what people ask for; an error says why it cannot be ---
  core::Status Start(const std::string& who, const std::string& message, core::TimePoint now);
  core::Status Pause(const std::string& who, const std::string& message);
  core::Status Resume(const std::string& who, const std::string& message, core::TimePoint now);
  core::Status Promote(bool full, const std::string& who, const std::string& message, core::TimePoint now);
  // Carried out later when it cannot be now.
  core::Status Abort(const std::string& who, const std::string& message, core::TimePoint now);

  // --- what happens ---
  void Tick(core::TimePoint now);
  void OnWorld();  // objects have changed
  void Follow(const config::CanaryDocument& document, core::TimePoint now);
  // The definition is gone, or names another route: what it has made of the route is taken back, then it is over().
  void Retire(const std::string& why, core::TimePoint now);
  void Checkpoint(core::TimePoint now);

  // --- what it is like ---
  const config::CanaryDocument& document() const { return document_; }
  const core::CanaryMachine& machine() const { return machine_; }
  const CanaryRow& row() const { return row_; }
  const std::string& id() const { return id_; }                             // "namespace/name"
  bool busy() const { return machine_.running() || pending_.has_value(); }  // with its route
  bool retiring() const { return retiring_; }
  bool over() const { return over_; }
  // Why it is where it is, with what stands in its way.
  std::string Reason() const;
  std::uint32_t Weight() const;  // percent of the challenger
  std::span<const core::PrometheusReading> Readings() const;
  config::Json VerdictJson() const;  // of the stage; of the last one when it has ended
  // Runs that have ended so, since the process began.
  std::uint64_t rollbacks() const { return rollbacks_; }
  std::uint64_t promotions() const { return promotions_; }

 private:
  struct Pending {
    CanaryIntent intent{};
    core::TimePoint retry_at{};
    core::Duration wait{0};  // before the next try; 0: not refused yet
    std::string refusal{};
  };
  struct Backup {
    core::CanaryMachine machine;
    CanaryRow row;
  };

  // --- canary_run.cc: what happens by itself ---
  void Recover(core::TimePoint now);
  void Measure();
  void Advance(core::TimePoint now, core::Duration elapsed);
  void Want(const core::CanaryStep& step, const std::string& what, core::TimePoint now);
  void TryPending(core::TimePoint now);
  void Leave();
  void PauseForEdit(const std::string& reason);
  void KeepInStep(core::TimePoint now);
  bool RollingBack() const;
  std::shared_ptr<core::VersionMeters> MeterOf(const std::string& name) const;

  // --- canary_steps.cc: how a step is carried out ---
  core::Status Carry(const CanaryIntent& intent);
  core::Result<std::uint64_t> SetWeights(const CanaryIntent& intent);
  core::Result<RouteWeights> WeightsFor(const core::CanaryStep& step) const;
  core::Status Finish(const CanaryIntent& intent, std::uint64_t revision);
  void BeginStage(const core::CanaryStep& step);
  core::Status Save(const CanaryEvent* event);
  void SaveOrTell();
  void SaveOrOwe(CanaryEvent event);
  CanaryEvent Event(const std::string& what, const std::string& text, const std::string& author) const;

  // --- canary_verbs.cc: what people ask for ---
  core::Status Ready() const;
  core::Status CarryAsked(CanaryIntent intent, const std::string& message, Backup backup, core::TimePoint now);
  core::Status Adopt();
  Backup Copy() const { return {machine_, row_}; }

  const CanaryWorld& world_;
  boost::asio::io_context& context_;
  config::CanaryDocument document_;
  std::string id_;
  core::CanaryMachine machine_;
  CanaryRow row_;
  CanaryProbe champion_;
  CanaryProbe challenger_;
  core::Verdict verdict_{};
  bool judged_ = false;  // since the process began
  std::unique_ptr<PrometheusWatch> watch_;
  std::optional<Pending> pending_;
  std::vector<CanaryEvent> owed_;        // what happened and could not be written yet
  std::optional<CanaryEvent> farewell_;  // of one that retires
  core::TimePoint last_tick_;
  core::TimePoint saved_at_;
  bool submitting_ = false;   // the change that is told of is our own
  bool out_of_step_ = false;  // see KeepInStep
  bool retiring_ = false;
  bool over_ = false;
  std::uint64_t rollbacks_ = 0;
  std::uint64_t promotions_ = 0;
};

}  // namespace sluice::gateway

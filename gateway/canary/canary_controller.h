// Runs the canaries of the configuration in force: measures both versions of each, asks the machine, and changes the
// weights of the route by the same transaction as everybody else (source "canary"), touching nothing but weights. Owned by
// the app; the control thread only.
//
// What survives a kill: a run's row (canary_store) holds the state, the weights from before the start, the measurements of
// the stage so far (written every two seconds), and, before weights change, the step that is about to be taken. A restart
// takes such a step again: weights are absolute, so twice is the same as once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "config/document.h"
#include "core/base/clock.h"
#include "core/canary/canary_machine.h"
#include "core/snapshot/snapshot.h"
#include "gateway/admin/admin_message.h"
#include "gateway/canary/canary_world.h"
#include "gateway/store/canary_store.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

// For the metrics (gateway/telemetry/canary_families).
struct CanaryFacts {
  std::string name_space;
  std::string name;
  core::CanaryPhase phase = core::CanaryPhase::kIdle;
  std::size_t stage = 0;
  std::size_t stages = 0;
  std::uint32_t weight = 0;     // percent of the challenger; 0 when idle
  std::uint64_t rollbacks = 0;  // runs that have ended so since the process began
  std::uint64_t promotions = 0;
};

class CanaryRun;  // canary_run.h

class CanaryController {
 public:
  static constexpr std::chrono::milliseconds kTick{200};

  CanaryController(boost::asio::io_context& context, const core::Clock& clock, CanaryWorld world);
  ~CanaryController();
  CanaryController(const CanaryController&) = delete;
  CanaryController& operator=(const CanaryController&) = delete;

  // Reads the rows and takes up what was going on. Call when the first configuration is in force.
  core::Status Start();
  // Writes a checkpoint of every run and stops the clock.
  void Stop();
  // What the clock does every kTick: looks at every run and at the definitions in force.
  void Tick();

  // Pages below /sluice/v1/canaries; see canary_pages.h.
  AdminAnswer Answer(const AdminRequest& request, std::string_view author, bool may_write);
  std::vector<CanaryFacts> Facts() const;

 private:
  void ArmTick();
  void FollowDocuments();
  static void OnWorld(void* self);
  AdminAnswer Post(const AdminRequest& request, const std::string& id, std::string_view verb, std::string_view author);
  AdminAnswer Get(const AdminRequest& request, const std::string& id, std::string_view verb) const;
  AdminAnswer List() const;
  AdminAnswer One(const AdminRequest& request, const CanaryRun& run) const;
  core::Status Ask(CanaryRun& run, std::string_view verb, const config::Json& body, const std::string& who);
  core::Status RouteIsFree(const CanaryRun& run) const;

  boost::asio::io_context& context_;
  const core::Clock& clock_;
  CanaryWorld world_;
  boost::asio::steady_timer timer_;
  WorldWatcher watcher_;
  std::shared_ptr<const config::Documents> documents_;  // that the runs were made from
  bool started_ = false;
  std::map<std::string, std::unique_ptr<CanaryRun>> runs_;  // by "namespace/name"
};

}  // namespace sluice::gateway

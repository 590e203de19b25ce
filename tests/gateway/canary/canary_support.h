// A canary at work without sockets and without waiting: the real configuration with its history in a directory of the test's,
// the real controller, a clock that is moved, and meters that the test writes. Tests of gateway/canary only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/compile.h"
#include "gateway/app/config_manager.h"
#include "gateway/canary/canary_controller.h"
#include "gateway/runtime/snapshot_hub.h"
#include "tests/support/manual_clock.h"
#include "tests/support/small_world.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {

inline constexpr const char* kCanary = R"(---
apiVersion: sluice.dev/v1alpha1
kind: Canary
metadata: {name: next, namespace: ml}
spec:
  virtualService: ranking-vs
  route: default
  champion: v45
  challenger: v47
  stages: [{weight: 20, hold: 10s}, {weight: 50, hold: 10s}, {weight: 100, bake: 10s}]
  gates: {errorRate: {maxIncreasePercentagePoints: 1}}
  analysis: {minRequests: 100}
)";

// One life of a gateway.
class CanaryLife {
 public:
  CanaryLife(const std::string& rules, const std::string& state, ManualClock& clock)
      : clock_(clock),
        manager_(context_, clock, {.load = {.paths = {rules}}, .state_directory = state, .gates = {}, .seed = 1}),
        hub_({}, {}) {
    EXPECT_TRUE(manager_.Open());
    const auto loaded = manager_.LoadFirst();
    EXPECT_TRUE(loaded && *loaded);
    manager_.Start(hub_);
    controller_ = std::make_unique<CanaryController>(
        context_, clock,
        CanaryWorld{.documents = [](void* self) { return static_cast<CanaryLife*>(self)->manager_.documents(); },
                    .snapshot = [](void* self) { return static_cast<CanaryLife*>(self)->Measured(); },
                    .self = this,
                    .changes = {.submit = &CanaryLife::Submit, .self = this},
                    .world = &manager_.world(),
                    .store = &manager_.canaries(),
                    .history = &manager_.store()});
    const core::Status started = controller_->Start();
    EXPECT_TRUE(started) << started.error().Text();
  }

  // When set, changes by canaries come to this.
  std::optional<ChangeResult::Outcome> refuse;
  // Called before and after a change by a canary is made.
  void (*around)(void* self) = nullptr;
  void* around_self = nullptr;
  std::size_t asked = 0;  // changes by canaries, refused ones among them

  CanaryController& controller() { return *controller_; }
  ConfigManager& manager() { return manager_; }

  void Tick(core::Duration elapsed = core::Milliseconds(200)) {
    clock_.Advance(elapsed);
    controller_->Tick();
  }

  AdminAnswer Ask(std::string_view method, const std::string& path, std::string_view body = {}, bool may_write = true) {
    AdminRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    return controller_->Answer(request, "tester", may_write);
  }
  AdminAnswer Do(const std::string& verb, std::string_view body = {}) {
    return Ask("POST", "/sluice/v1/canaries/ml/next/" + verb, body);
  }
  config::Json Status() { return config::Json::parse(Ask("GET", "/sluice/v1/canaries/ml/next").body); }
  std::string Phase() { return Status()["phase"]; }
  // What happened, oldest first: "start stage rollback".
  std::string Events() {
    const config::Json status = Status();
    std::string text;
    for (const config::Json& event : status["events"]) text.insert(0, event["what"].get<std::string>() + ' ');
    if (!text.empty()) text.pop_back();
    return text;
  }

  const config::Json& Body() { return manager_.world().Find({"VirtualService", "ml", "ranking-vs"})->body; }
  // "72/18": of the two destinations of the route.
  std::string Weights() {
    const config::Json& route = Body()["spec"]["http"][1]["route"];
    return route[0]["weight"].dump() + '/' + route[1]["weight"].dump();
  }
  // Somebody else's edit.
  ChangeResult Edit(const config::Json& body, const std::string& author = "ana") {
    Change change{.edits = {}, .author = author, .source = "api"};
    change.edits.push_back({.key = *config::KeyOf(body, "ml"), .body = body});
    return manager_.Submit(change);
  }
  ChangeResult Delete(const std::string& kind, const std::string& name) {
    Change change{.edits = {}, .author = "ana", .source = "api"};
    change.edits.push_back({.key = {kind, "ml", name}, .body = std::nullopt});
    return manager_.Submit(change);
  }

  core::VersionMeter& Champion() { return Meter("canary/ml/next/champion"); }
  core::VersionMeter& Challenger() { return Meter("canary/ml/next/challenger"); }
  void Answer(core::VersionMeter& meter, int fine, int errors = 0) {
    for (int i = 0; i < fine + errors; ++i) meter.OnAnswer(i < errors, core::Milliseconds(20));
  }
  // Both answer well.
  void AnswerWell(int count = 400) {
    Answer(Champion(), count);
    Answer(Challenger(), count);
  }

 private:
  core::VersionMeter& Meter(const std::string& name) {
    Measured();
    return meters_.at(name)->OfWorker(0);
  }

  // The configuration in force with the test's meters, which stay over changes as the gateway's do.
  std::shared_ptr<const core::Snapshot> Measured() {
    if (documents_ == manager_.documents()) return snapshot_;
    documents_ = manager_.documents();
    std::shared_ptr<core::Snapshot> snapshot = config::Compile(*documents_, {});
    for (core::MeterSlot& slot : snapshot->meters) {
      auto& meters = meters_[slot.name];
      if (meters == nullptr) meters = std::make_shared<core::VersionMeters>(1);
      slot.live = meters;
    }
    snapshot_ = std::move(snapshot);
    return snapshot_;
  }

  static ChangeResult Submit(void* self, const Change& change) {
    auto* life = static_cast<CanaryLife*>(self);
    ++life->asked;
    if (life->around != nullptr) life->around(life->around_self);
    ChangeResult result;
    if (life->refuse) {
      result.outcome = *life->refuse;
      result.error = "no change today";
      return result;
    }
    result = life->manager_.Submit(change);
    if (life->around != nullptr) life->around(life->around_self);
    return result;
  }

  boost::asio::io_context context_;
  ManualClock& clock_;
  ConfigManager manager_;
  SnapshotHub hub_;
  std::map<std::string, std::shared_ptr<core::VersionMeters>> meters_;
  std::shared_ptr<const config::Documents> documents_;
  std::shared_ptr<const core::Snapshot> snapshot_;
  std::unique_ptr<CanaryController> controller_;
};

class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() { Begin(); }

  // A life after the one before, or the first one; `state` is the directory that it finds.
  void Begin(const std::string& state = "state") {
    life.reset();
    const auto rules = directory.Write("rules.yaml", text);
    life = std::make_unique<CanaryLife>(rules.string(), (directory.path() / state).string(), clock);
  }
  // What a kill -9 would leave now, under that name.
  void CopyState(const std::string& name) {
    std::filesystem::copy(directory.path() / "state", directory.path() / name);
  }
  void Hold(int seconds = 10) {
    for (int i = 0; i < seconds * 5; ++i) life->Tick();
  }

  TemporaryDirectory directory;
  ManualClock clock;
  std::string text = std::string(kRules) + kCanary;
  std::unique_ptr<CanaryLife> life;
};

}  // namespace sluice::gateway

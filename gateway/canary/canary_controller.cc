#include "gateway/canary/canary_controller.h"

#include <algorithm>
#include <utility>

#include "gateway/canary/canary_row.h"
#include "gateway/canary/canary_run.h"
#include "gateway/canary/live_rule.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

// Of a canary whose definition is gone: what its row says of it.
config::CanaryDocument DocumentOf(const std::string& id, const CanaryRow& row) {
  const std::size_t slash = std::min(id.find('/'), id.size());
  config::CanaryDocument document;
  document.meta.name_space = id.substr(0, slash);
  document.meta.name = id.substr(std::min(slash + 1, id.size()));
  document.virtual_service.fqdn = row.target.service.name_space + '/' + row.target.service.name;
  document.route = row.target.route;
  document.champion = row.target.versions.champion;
  document.challenger = row.target.versions.challenger;
  return document;
}

}  // namespace

CanaryController::CanaryController(boost::asio::io_context& context, const core::Clock& clock, CanaryWorld world)
    : context_(context), clock_(clock), world_(world), timer_(context), watcher_{.notify = &OnWorld, .self = this} {}

CanaryController::~CanaryController() { world_.world->Unsubscribe(watcher_); }

core::Status CanaryController::Start() {
  auto rows = world_.store->Load();
  if (!rows) return std::unexpected(rows.error());
  documents_ = world_.documents(world_.self);
  for (const CanaryStore::Row& stored : *rows) {
    CanaryRow row = CanaryRowFrom(stored.state);
    const auto defined = std::ranges::find(documents_->canaries, stored.canary,
                                           [](const config::CanaryDocument& canary) { return canary.meta.Id(); });
    const bool gone = defined == documents_->canaries.end();
    auto run = std::make_unique<CanaryRun>(world_, context_, gone ? DocumentOf(stored.canary, row) : *defined,
                                           clock_.Now(), std::move(row));
    if (gone) run->Retire("the Canary was deleted while no gateway was running", clock_.Now());
    runs_.emplace(stored.canary, std::move(run));
  }
  world_.world->Subscribe(watcher_);
  documents_.reset();  // the others are to be made
  FollowDocuments();
  started_ = true;
  ArmTick();
  return {};
}

void CanaryController::Stop() {
  timer_.cancel();
  world_.world->Unsubscribe(watcher_);
  for (const auto& [id, run] : runs_) {
    if (run->machine().running()) run->Checkpoint(clock_.Now());
  }
}

void CanaryController::ArmTick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    Tick();
    ArmTick();
  });
}

void CanaryController::Tick() {
  FollowDocuments();
  const core::TimePoint now = clock_.Now();
  for (const auto& [id, run] : runs_) run->Tick(now);
  const std::size_t before = runs_.size();
  std::erase_if(runs_, [](const auto& entry) { return entry.second->over(); });
  if (runs_.size() != before) documents_.reset();  // one of the same name may have waited for it
}

// Definitions that came, went or changed. One that comes back under the same name waits until the last run of it is over.
void CanaryController::FollowDocuments() {
  auto documents = world_.documents(world_.self);
  if (documents == documents_) return;
  documents_ = std::move(documents);
  const core::TimePoint now = clock_.Now();
  for (const config::CanaryDocument& canary : documents_->canaries) {
    const auto run = runs_.find(canary.meta.Id());
    if (run != runs_.end()) {
      run->second->Follow(canary, now);
    } else {
      runs_.emplace(canary.meta.Id(), std::make_unique<CanaryRun>(world_, context_, canary, now, std::nullopt));
    }
  }
  for (const auto& [id, run] : runs_) {
    const bool defined = std::ranges::any_of(
        documents_->canaries, [&](const config::CanaryDocument& canary) { return canary.meta.Id() == id; });
    if (!defined)
      run->Retire("the Canary was deleted while it ran: the weights are as they were before the start", now);
  }
}

void CanaryController::OnWorld(void* self) {
  for (const auto& [id, run] : static_cast<CanaryController*>(self)->runs_) run->OnWorld();
}

core::Status CanaryController::RouteIsFree(const CanaryRun& run) const {
  const CanaryTarget target = TargetOf(run.document());
  const auto own = FindLiveRule(world_, target);
  for (const auto& [id, other] : runs_) {
    if (other.get() == &run || !other->busy() || other->row().target.service != target.service) continue;
    const auto rule = FindLiveRule(world_, other->row().target);
    if (!own || !rule || own->index != rule->index) continue;
    return core::Fail(core::ErrorCode::kUnavailable, "the canary " + id + " runs on this route",
                      "wait for its end, or abort it");
  }
  return {};
}

std::vector<CanaryFacts> CanaryController::Facts() const {
  std::vector<CanaryFacts> facts;
  for (const auto& [id, run] : runs_) {
    const core::CanaryState& state = run->machine().state();
    facts.push_back({.name_space = run->document().meta.name_space,
                     .name = run->document().meta.name,
                     .phase = state.phase,
                     .stage = state.stage,
                     .stages = run->document().spec.stages.size(),
                     .weight = run->Weight(),
                     .rollbacks = run->rollbacks(),
                     .promotions = run->promotions()});
  }
  return facts;
}

}  // namespace sluice::gateway

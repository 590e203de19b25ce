#include "gateway/experiment/exposure_feed.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "core/base/hex.h"
#include "core/upstream/affinity_hash.h"
#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {
namespace {

using core::Assignment;
using core::ForwardPlan;

constexpr std::int32_t kNone = -1;
constexpr std::int32_t kHoldout = -2;

struct Outcome {
  std::int32_t arm = kNone;
  ServedReason reason = ServedReason::kAsAssigned;
  core::ClusterId served{};
};

std::int32_t ArmOf(const Assignment& assignment) {
  if (assignment.by == core::AssignedBy::kHoldout) return kHoldout;
  if (assignment.arm == nullptr) return kNone;
  return static_cast<std::int32_t>(assignment.arm - assignment.experiment->arms.data());
}

// Whether the arm could have replaced the subset of that destination.
bool Reaches(const core::Experiment& experiment, const core::Plan& plan, const ForwardPlan& forward) {
  if (experiment.host != forward.destination->host) return false;
  return experiment.routes.empty() || std::ranges::find(experiment.routes, plan.route->name) != experiment.routes.end();
}

ServedReason ReasonOf(const core::Record& record, const Assignment& assignment, const ForwardPlan* forward) {
  if (assignment.arm == nullptr) return ServedReason::kNoArm;
  if (forward == nullptr) return ServedReason::kNotForwarded;
  if (record.plan->applied == &assignment) {
    return record.relayed ? ServedReason::kAsAssigned : ServedReason::kFailed;
  }
  return Reaches(*assignment.experiment, *record.plan, *forward) ? ServedReason::kOtherArm : ServedReason::kOtherRule;
}

Outcome OutcomeOf(const core::Record& record, const Assignment& assignment) {
  const auto* const forward = std::get_if<ForwardPlan>(&record.plan->action);
  Outcome outcome{.arm = ArmOf(assignment), .reason = ReasonOf(record, assignment, forward)};
  if (forward != nullptr && record.relayed) outcome.served = forward->cluster;
  return outcome;
}

// What the filter takes for the same. Never 0, which is a free place.
std::uint64_t KeyOf(const Assignment& assignment, const Outcome& outcome, std::uint64_t generation) {
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15ULL;
  constexpr std::uint64_t kSecond = 0xbf58476d1ce4e5b9ULL;
  std::uint64_t seed = generation * kFirst + assignment.experiment->id.value;
  seed = seed * kSecond + static_cast<std::uint32_t>(outcome.arm);
  seed = seed * kFirst + outcome.served.value;
  seed = seed * kSecond + static_cast<std::uint64_t>(outcome.reason);
  return std::max<std::uint64_t>(1, core::AffinityHash(assignment.unit, seed));
}

void WriteUnit(std::string_view unit, Exposure& exposure) {
  if (unit.size() <= Exposure::kUnitMax) {
    std::ranges::copy(unit, exposure.unit.data());
    exposure.unit_size = static_cast<std::uint8_t>(unit.size());
    return;
  }
  char* const next = core::WriteHex(core::AffinityHash(unit, 1), exposure.unit.data());
  core::WriteHex(core::AffinityHash(unit, 2), next);
  exposure.unit_size = 32;
}

}  // namespace

void ExposureFeed::OnExchange(const core::Record& record) {
  if (record.plan == nullptr) return;
  std::int64_t unix_us = 0;  // read once, by the first entry that needs it
  for (const Assignment& assignment : record.plan->assignments.all) OnAssignment(record, assignment, unix_us);
}

void ExposureFeed::OnAssignment(const core::Record& record, const Assignment& assignment, std::int64_t& unix_us) {
  if (recent_ == nullptr) {
    recent_ = std::make_unique<std::array<std::uint64_t, kRecent>>();
    ring_ = std::make_unique<std::array<Exposure, kRing>>();
  }
  const Outcome outcome = OutcomeOf(record, assignment);
  const std::uint64_t key = KeyOf(assignment, outcome, record.snapshot->generation);
  std::uint64_t& place = (*recent_)[key % kRecent];
  if (place == key) return;
  Exposure* const exposure = Room();
  if (exposure == nullptr) return dropped_.Add();
  place = key;
  if (unix_us == 0) unix_us = UnixMicros();
  exposure->time_us = unix_us;
  exposure->generation = record.snapshot->generation;
  exposure->experiment = assignment.experiment->id;
  exposure->arm = outcome.arm;
  exposure->bucket = assignment.bucket;
  exposure->by = assignment.by;
  exposure->reason = outcome.reason;
  exposure->generated = assignment.generated;
  exposure->served = outcome.served;
  WriteUnit(assignment.unit, *exposure);
  Publish();
}

Exposure* ExposureFeed::Room() {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) >= kRing) return nullptr;
  return &(*ring_)[head % kRing];
}

void ExposureFeed::Publish() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

std::size_t ExposureFeed::Read(std::vector<Exposure>& into) {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  const std::uint64_t head = head_.load(std::memory_order_acquire);
  for (std::uint64_t at = tail; at != head; ++at) into.push_back((*ring_)[at % kRing]);
  tail_.store(head, std::memory_order_release);
  return static_cast<std::size_t>(head - tail);
}

}  // namespace sluice::gateway

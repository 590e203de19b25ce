#include "core/base/deadline_wheel.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace sluice::core {

Deadline::~Deadline() {
  if (wheel_ != nullptr) wheel_->Remove(*this);
}

DeadlineWheel::~DeadlineWheel() {
  for (List& list : lists_) {
    while (list.first != nullptr) Remove(*list.first);
  }
}

void DeadlineWheel::Move(Deadline& deadline, TimePoint when) {
  if (deadline.wheel_ != nullptr) deadline.wheel_->Remove(deadline);
  deadline.wheel_ = this;
  deadline.when_ = when;
  deadline.armed_ = true;
  ++armed_count_;
  Place(deadline, std::max(TickAtOrAfter(when), elapsed_ + 1));
}

void DeadlineWheel::Remove(Deadline& deadline) {
  DCHECK(deadline.wheel_ == this);
  Disarm(deadline);
  Unlink(deadline);
  deadline.wheel_ = nullptr;
}

void DeadlineWheel::Expire(TimePoint now) {
  // Rounded down: a tick has come only when all of it has passed.
  const std::int64_t now_tick = (now - start_) / kTick;
  while (const auto stop = NextStop()) {
    if (stop->tick > now_tick) break;
    elapsed_ = std::max(elapsed_, stop->tick);
    Cascade(*stop);
  }
  elapsed_ = std::max(elapsed_, now_tick);
  // The due list is complete before the first call, so a deadline that re-arms itself cannot keep us here.
  while (Deadline* due = lists_[kDueList].first) {
    const Deadline::Fire fire = due->fire_;
    void* const self = due->self_;
    const bool armed = due->armed_;  // a call before it may have disarmed it
    Remove(*due);
    if (armed) fire(self);  // `due` may be gone afterwards
  }
}

std::optional<TimePoint> DeadlineWheel::Next() const {
  if (armed_count_ == 0) return std::nullopt;
  if (lists_[kDueList].first != nullptr) return start_ + elapsed_ * kTick;
  const auto stop = NextStop();
  if (!stop) return std::nullopt;
  return start_ + stop->tick * kTick;
}

std::int64_t DeadlineWheel::TickAtOrAfter(TimePoint when) const {
  if (when <= start_) return 0;
  const Duration wait = when - start_;
  return wait / kTick + (wait % kTick != Duration::zero() ? 1 : 0);
}

std::optional<DeadlineWheel::Stop> DeadlineWheel::NextStop() const {
  // A finer level lies wholly before the next slot of a coarser one, so the first occupied level has the answer.
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    const unsigned shift = level * kSlotBits;
    const std::int64_t above = (elapsed_ >> shift) >> kSlotBits;
    const std::int64_t tick = ((above << kSlotBits) | static_cast<std::int64_t>(slot)) << shift;
    return Stop{level, level * kSlots + slot, tick};
  }
  return std::nullopt;
}

void DeadlineWheel::Place(Deadline& deadline, std::int64_t tick) {
  deadline.place_ = deadline.when_;
  if (tick <= elapsed_) {
    Link(deadline, kDueList);
    return;
  }
  const auto differ = static_cast<std::uint64_t>(tick ^ elapsed_);
  const unsigned level = (static_cast<unsigned>(std::bit_width(differ)) - 1) / kSlotBits;
  const auto slot = static_cast<unsigned>((tick >> (level * kSlotBits)) & (kSlots - 1));
  Link(deadline, level * kSlots + slot);
  occupied_[level] |= std::uint64_t{1} << slot;
}

void DeadlineWheel::Link(Deadline& deadline, std::uint32_t index) {
  List& list = lists_[index];
  deadline.list_ = index;
  deadline.previous_ = list.last;
  deadline.next_ = nullptr;
  (list.last != nullptr ? list.last->next_ : list.first) = &deadline;
  list.last = &deadline;
}

void DeadlineWheel::Unlink(Deadline& deadline) {
  List& list = lists_[deadline.list_];
  (deadline.previous_ != nullptr ? deadline.previous_->next_ : list.first) = deadline.next_;
  (deadline.next_ != nullptr ? deadline.next_->previous_ : list.last) = deadline.previous_;
  if (list.first == nullptr && deadline.list_ != kDueList) {
    occupied_[deadline.list_ / kSlots] &= ~(std::uint64_t{1} << (deadline.list_ % kSlots));
  }
}

void DeadlineWheel::Cascade(const Stop& stop) {
  // No deadline returns to its own list: at level 0 all are due now or were pushed on, above it the tick differs from
  // elapsed_ in a lower group, or in a higher one when it was pushed on.
  while (Deadline* deadline = lists_[stop.list].first) {
    if (!deadline->armed_) {
      Remove(*deadline);
      continue;
    }
    Unlink(*deadline);
    Place(*deadline, TickAtOrAfter(deadline->when_));
  }
}

}  // namespace sluice::core

// Every timeout of a worker: a hierarchical timing wheel of one millisecond slots. Arm and Disarm are O(1) and
// allocate nothing; a deadline is moved at most once per level on its way to firing.
// Most deadlines are disarmed or pushed on long before their time: that is only noted, and the deadline stays where it
// hangs until its place comes up or an earlier time is asked for. So a request moves nothing in the wheel.
// The worker owns the wheel; objects own their deadlines as members. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/clock.h"

namespace sluice::core {

class DeadlineWheel;

// One timeout: a hook plus what to call. Neither copied nor moved, because the wheel points at it.
class Deadline {
 public:
  using Fire = void (*)(void* self);

  // `self` is handed back to `fire`; it outlives the deadline, being the object the deadline is a member of.
  Deadline(Fire fire, void* self) : fire_(fire), self_(self) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  bool armed() const { return armed_; }
  // As asked for; meaningful while armed.
  TimePoint when() const { return when_; }

 private:
  friend class DeadlineWheel;

  Fire fire_;
  void* self_;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  DeadlineWheel* wheel_ = nullptr;  // in whose lists it hangs, armed or not; null: in none
  TimePoint when_{};
  TimePoint place_{};       // it hangs where this belongs; not after when_ while armed
  std::uint32_t list_ = 0;  // index of the list it hangs in
  bool armed_ = false;
};

class DeadlineWheel {
 public:
  static constexpr Duration kTick = Milliseconds(1);

  explicit DeadlineWheel(TimePoint start) : start_(start) {}
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;
  ~DeadlineWheel();  // disarms what is left

  // Re-arms an armed deadline. A moment already past fires at the next tick, never inside this call.
  void Arm(Deadline& deadline, TimePoint when) {
    if (!StaysUntil(deadline, when)) return Move(deadline, when);
    deadline.when_ = when;
    if (!std::exchange(deadline.armed_, true)) ++armed_count_;
  }
  void Disarm(Deadline& deadline) {
    if (std::exchange(deadline.armed_, false)) --armed_count_;
  }

  // Fires what is due at `now`, earliest tick first, each disarmed before its call. A call may arm, disarm and
  // destroy any deadline, its own included; what it arms fires in a later Expire. Never early; late by less than
  // one tick when called at Next().
  void Expire(TimePoint now);

  // No deadline fires before this moment: the time to call Expire. Empty when nothing is armed. May be early for
  // a far deadline, or for one that was disarmed or pushed on: that Expire then only moves it.
  std::optional<TimePoint> Next() const;

  std::size_t armed_count() const { return armed_count_; }

 private:
  // 8 levels of 64 slots span 2^48 ms, more than a nanosecond clock can say, so nothing needs to be clamped.
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1u << kSlotBits;
  static constexpr unsigned kLevels = 8;
  static constexpr std::uint32_t kDueList = kLevels * kSlots;

  // A position in the future where a list waits.
  struct Stop {
    unsigned level;
    std::uint32_t list;
    std::int64_t tick;
  };

  friend class Deadline;

  // Whether the deadline hangs in this wheel, and no later than `when`. What is due is being fired: it has to move.
  bool StaysUntil(const Deadline& deadline, TimePoint when) const {
    return deadline.wheel_ == this && deadline.place_ <= when && deadline.list_ != kDueList;
  }
  void Move(Deadline& deadline, TimePoint when);
  void Remove(Deadline& deadline);
  // The first tick at or after `when`.
  std::int64_t TickAtOrAfter(TimePoint when) const;
  std::optional<Stop> NextStop() const;
  void Place(Deadline& deadline, std::int64_t tick);
  void Link(Deadline& deadline, std::uint32_t list);
  void Unlink(Deadline& deadline);
  // Empties the list of `stop` into the due list or into finer levels.
  void Cascade(const Stop& stop);

  struct List {
    Deadline* first = nullptr;
    Deadline* last = nullptr;
  };

  TimePoint start_;
  // Ticks up to here have been handled. Every waiting deadline hangs in the level of the highest group of six bits
  // in which its tick differs from this one, hence in a slot after the current one of that level.
  std::int64_t elapsed_ = 0;
  std::size_t armed_count_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};  // bit per slot: its list is not empty
  std::array<List, kDueList + 1> lists_{};
};

}  // namespace sluice::core

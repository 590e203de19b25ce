#include "core/base/deadline_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/base/random.h"

namespace sluice::core {
namespace {

constexpr TimePoint kStart{Seconds(1000)};

// A deadline that counts and may do something more when it fires.
struct Alarm {
  Alarm() : deadline(&Alarm::OnFire, this) {}

  static void OnFire(void* self) {
    auto* alarm = static_cast<Alarm*>(self);
    ++alarm->fired;
    if (alarm->then != nullptr) alarm->then(alarm->context);
  }

  int fired = 0;
  void (*then)(void*) = nullptr;
  void* context = nullptr;
  Deadline deadline;
};

TEST(DeadlineWheel, FiresOnceWhenItsTimeHasCome) {
  DeadlineWheel wheel(kStart);
  Alarm alarm;
  wheel.Arm(alarm.deadline, kStart + Milliseconds(5));

  wheel.Expire(kStart + Milliseconds(4));
  EXPECT_EQ(alarm.fired, 0);
  wheel.Expire(kStart + Milliseconds(5));
  EXPECT_EQ(alarm.fired, 1);
  wheel.Expire(kStart + Milliseconds(500));

  EXPECT_EQ(alarm.fired, 1);
  EXPECT_FALSE(alarm.deadline.armed());
  EXPECT_FALSE(wheel.Next().has_value());
}

TEST(DeadlineWheel, NeverFiresEarlyAndLessThanATickLate) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    const TimePoint start = kStart + Duration(random.Below(1'000'000'000));
    DeadlineWheel wheel(start);
    wheel.Expire(start + Duration(random.Below(10'000'000'000)));
    TimePoint now = start + Duration(random.Below(10'000'000'000)) + Seconds(10);
    wheel.Expire(now);
    Alarm alarm;
    const TimePoint when = now + Duration(1 + random.Below(std::uint64_t{1} << (1 + random.Below(44))));
    wheel.Arm(alarm.deadline, when);

    int wakes = 0;
    while (alarm.fired == 0) {
      ASSERT_TRUE(wheel.Next().has_value());
      ASSERT_LT(now, when + DeadlineWheel::kTick);
      now = std::max(now, *wheel.Next());
      wheel.Expire(now);
      ASSERT_LE(++wakes, 8) << "one move per level at most";
    }

    EXPECT_GE(now, when);
    EXPECT_LT(now - when, DeadlineWheel::kTick);
  }
}

TEST(DeadlineWheel, HoursAndDaysArriveToo) {
  DeadlineWheel wheel(kStart);
  Alarm hours;
  Alarm days;
  wheel.Arm(hours.deadline, kStart + Seconds(5 * 3600));
  wheel.Arm(days.deadline, kStart + Seconds(400LL * 86400));

  wheel.Expire(kStart + Seconds(5 * 3600) - Milliseconds(1));
  EXPECT_EQ(hours.fired, 0);
  wheel.Expire(kStart + Seconds(5 * 3600));
  EXPECT_EQ(hours.fired, 1);
  wheel.Expire(kStart + Seconds(399LL * 86400));
  EXPECT_EQ(days.fired, 0);
  wheel.Expire(kStart + Seconds(401LL * 86400));

  EXPECT_EQ(days.fired, 1);
}

TEST(DeadlineWheel, TheFarthestMomentOfTheClockCanBeArmed) {
  DeadlineWheel wheel(kStart);
  Alarm alarm;

  wheel.Arm(alarm.deadline, TimePoint::max());
  wheel.Expire(kStart + Seconds(86400));

  EXPECT_TRUE(alarm.deadline.armed());
  EXPECT_EQ(alarm.fired, 0);
}

TEST(DeadlineWheel, ArmingAgainMovesTheDeadline) {
  DeadlineWheel wheel(kStart);
  Alarm alarm;
  wheel.Arm(alarm.deadline, kStart + Milliseconds(5));
  wheel.Arm(alarm.deadline, kStart + Milliseconds(50));

  wheel.Expire(kStart + Milliseconds(20));
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(wheel.armed_count(), 1u);
  EXPECT_EQ(alarm.deadline.when(), kStart + Milliseconds(50));
  wheel.Expire(kStart + Milliseconds(50));

  EXPECT_EQ(alarm.fired, 1);
}

TEST(DeadlineWheel, DisarmedAndDestroyedDeadlinesStaySilent) {
  DeadlineWheel wheel(kStart);
  Alarm disarmed;
  wheel.Arm(disarmed.deadline, kStart + Milliseconds(5));
  auto destroyed = std::make_unique<Alarm>();
  wheel.Arm(destroyed->deadline, kStart + Milliseconds(5));

  wheel.Disarm(disarmed.deadline);
  wheel.Disarm(disarmed.deadline);  // harmless
  destroyed.reset();
  wheel.Expire(kStart + Seconds(1));

  EXPECT_EQ(disarmed.fired, 0);
  EXPECT_EQ(wheel.armed_count(), 0u);
  EXPECT_FALSE(wheel.Next().has_value());
}

TEST(DeadlineWheel, WhatIsPushedOnOrDisarmedStaysWhereItHangs) {
  DeadlineWheel wheel(kStart);
  Alarm pushed;
  Alarm other;
  wheel.Arm(pushed.deadline, kStart + Milliseconds(5));
  wheel.Arm(other.deadline, kStart + Seconds(3600));
  for (int i = 1; i < 100; ++i) {
    wheel.Disarm(pushed.deadline);
    wheel.Arm(pushed.deadline, kStart + Milliseconds(5 + i));
  }
  EXPECT_EQ(*wheel.Next(), kStart + Milliseconds(5)) << "moving it each time is what it costs";
  EXPECT_EQ(wheel.armed_count(), 2u);

  wheel.Expire(kStart + Milliseconds(5));
  EXPECT_EQ(pushed.fired, 0);
  EXPECT_TRUE(pushed.deadline.armed());
  wheel.Disarm(pushed.deadline);
  wheel.Arm(pushed.deadline, kStart + Milliseconds(7));  // earlier than where it hangs now
  wheel.Expire(kStart + Milliseconds(7));
  EXPECT_EQ(pushed.fired, 1);

  wheel.Arm(pushed.deadline, kStart + Milliseconds(20));
  wheel.Disarm(pushed.deadline);
  wheel.Expire(kStart + Milliseconds(30));
  EXPECT_EQ(pushed.fired, 1);
  EXPECT_EQ(wheel.armed_count(), 1u);
}

TEST(DeadlineWheel, ACallMayDisarmOrPushOnWhatIsDueWithIt) {
  struct Three {
    DeadlineWheel wheel{kStart};
    Alarm first;
    Alarm disarmed;
    Alarm pushed;
  } three;
  three.first.context = &three;
  three.first.then = [](void* context) {
    auto* all = static_cast<Three*>(context);
    all->wheel.Disarm(all->disarmed.deadline);
    all->wheel.Arm(all->pushed.deadline, kStart + Milliseconds(9));
  };
  for (Alarm* alarm : {&three.first, &three.disarmed, &three.pushed}) {
    three.wheel.Arm(alarm->deadline, kStart + Milliseconds(2));
  }

  three.wheel.Expire(kStart + Milliseconds(2));
  EXPECT_EQ(three.first.fired, 1);
  EXPECT_EQ(three.disarmed.fired, 0);
  EXPECT_EQ(three.pushed.fired, 0);
  three.wheel.Expire(kStart + Milliseconds(9));
  EXPECT_EQ(three.disarmed.fired, 0);
  EXPECT_EQ(three.pushed.fired, 1);
}

TEST(DeadlineWheel, AMomentInThePastFiresAtTheNextTick) {
  DeadlineWheel wheel(kStart);
  wheel.Expire(kStart + Milliseconds(100));
  Alarm alarm;

  wheel.Arm(alarm.deadline, kStart + Milliseconds(3));

  EXPECT_EQ(alarm.fired, 0);
  ASSERT_TRUE(wheel.Next().has_value());
  EXPECT_EQ(*wheel.Next(), kStart + Milliseconds(101));
  wheel.Expire(*wheel.Next());
  EXPECT_EQ(alarm.fired, 1);
}

TEST(DeadlineWheel, ADeadlineMayRearmItselfWithoutKeepingExpireBusy) {
  struct Ticker : Alarm {
    explicit Ticker(DeadlineWheel& owner) : wheel(&owner) {
      context = this;
      then = [](void* self) {
        auto* ticker = static_cast<Ticker*>(self);
        ticker->wheel->Arm(ticker->deadline, kStart);  // long past
      };
    }
    DeadlineWheel* wheel;
  };
  DeadlineWheel wheel(kStart);
  Ticker ticker(wheel);
  wheel.Arm(ticker.deadline, kStart + Milliseconds(1));

  wheel.Expire(kStart + Seconds(3600));
  EXPECT_EQ(ticker.fired, 1);
  wheel.Expire(kStart + Seconds(3601));

  EXPECT_EQ(ticker.fired, 2);
}

TEST(DeadlineWheel, ADeadlineMayDestroyItselfAndItsNeighbour) {
  struct Pair {
    std::unique_ptr<Alarm> self = std::make_unique<Alarm>();
    std::unique_ptr<Alarm> neighbour = std::make_unique<Alarm>();
  };
  DeadlineWheel wheel(kStart);
  Pair pair;
  pair.self->context = &pair;
  pair.self->then = [](void* context) {
    auto* both = static_cast<Pair*>(context);
    both->neighbour.reset();
    both->self.reset();
  };
  Alarm last;
  wheel.Arm(pair.self->deadline, kStart + Milliseconds(2));
  wheel.Arm(pair.neighbour->deadline, kStart + Milliseconds(2));
  wheel.Arm(last.deadline, kStart + Milliseconds(2));

  wheel.Expire(kStart + Milliseconds(2));

  EXPECT_EQ(pair.neighbour, nullptr);
  EXPECT_EQ(last.fired, 1);
  EXPECT_EQ(wheel.armed_count(), 0u);
}

TEST(DeadlineWheel, TheWheelMayGoBeforeItsDeadlines) {
  Alarm alarm;
  {
    DeadlineWheel wheel(kStart);
    wheel.Arm(alarm.deadline, kStart + Seconds(7));
  }

  EXPECT_FALSE(alarm.deadline.armed());
}

// The wheel against a sorted list, with arming, re-arming, disarming and uneven steps of time.
TEST(DeadlineWheel, AgreesWithASortedListOverManyRandomSteps) {
  Random random(11);
  DeadlineWheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 300; ++i) alarms.push_back(std::make_unique<Alarm>());
  TimePoint now = kStart;
  for (int step = 0; step < 5000; ++step) {
    for (int change = 0; change < 5; ++change) {
      Alarm& alarm = *alarms[random.Below(alarms.size())];
      if (random.Below(4) == 0) {
        wheel.Disarm(alarm.deadline);
      } else {
        wheel.Arm(alarm.deadline, now + Duration(random.Below(std::uint64_t{1} << random.Below(36))));
      }
      alarm.fired = 0;
    }
    now += Duration(random.Below(std::uint64_t{1} << random.Below(33)));
    std::vector<bool> was_armed;
    for (const auto& alarm : alarms) was_armed.push_back(alarm->deadline.armed());

    wheel.Expire(now);

    for (std::size_t i = 0; i < alarms.size(); ++i) {
      if (!was_armed[i]) continue;
      const Deadline& deadline = alarms[i]->deadline;
      if (deadline.armed()) {
        ASSERT_GT(deadline.when(), now - DeadlineWheel::kTick) << "overslept in step " << step;
        ASSERT_LE(*wheel.Next(), deadline.when() + DeadlineWheel::kTick);
      } else {
        ASSERT_LE(deadline.when(), now) << "early in step " << step;
        ASSERT_EQ(alarms[i]->fired, 1);
        alarms[i]->fired = 0;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::core

#include "gateway/runtime/worker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "tests/support/manual_clock.h"

namespace sluice::gateway {
namespace {

// Two sockets that are ready at once; each marks both hooks when it is called.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    for (std::array<int, 2>& pair : pairs_) {
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
      EXPECT_EQ(::write(pair[1], "x", 1), 1);
    }
    EXPECT_TRUE(worker_.poller().Add(pairs_[0][0], first_));
    EXPECT_TRUE(worker_.poller().Add(pairs_[1][0], second_));
  }
  ~WorkerTest() override {
    for (const std::array<int, 2>& pair : pairs_) {
      for (const int descriptor : pair) ::close(descriptor);
    }
  }

  static void OnReady(void* self, Readiness) {
    auto& test = *static_cast<WorkerTest*>(self);
    ++test.called_;
    test.worker_.MarkDirty(test.soon_);
    test.worker_.MarkDirtyLate(test.late_);
  }

  ManualClock clock_;
  Worker worker_{0, 1, clock_};
  int called_ = 0;
  std::vector<int> soon_ran_;  // how many had been called
  std::vector<int> late_ran_;
  TurnHook soon_{[](void* self) {
                   auto& test = *static_cast<WorkerTest*>(self);
                   test.soon_ran_.push_back(test.called_);
                 },
                 this};
  TurnHook late_{[](void* self) {
                   auto& test = *static_cast<WorkerTest*>(self);
                   test.late_ran_.push_back(test.called_);
                 },
                 this};
  std::array<std::array<int, 2>, 2> pairs_{};
  Watch first_{&WorkerTest::OnReady, this};
  Watch second_{&WorkerTest::OnReady, this};
};

TEST_F(WorkerTest, WhatIsMarkedRunsAtTheEndOfItsTurnAndWhatIsMarkedLateOnceForAllThatWasReady) {
  worker_.Poll();

  EXPECT_EQ(soon_ran_, (std::vector{1, 2}));
  EXPECT_EQ(late_ran_, (std::vector{2}));
}

TEST_F(WorkerTest, WhatIsMarkedLateOutsideOfABatchRunsAtTheEndOfItsTurn) {
  worker_.Poll();
  late_ran_.clear();

  worker_.Post([this] { worker_.MarkDirtyLate(late_); });
  worker_.Poll();

  EXPECT_EQ(late_ran_, (std::vector{2}));
}

}  // namespace
}  // namespace sluice::gateway

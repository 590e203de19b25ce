// A cluster with outlier detection and a clock in hand, for the tests of core/upstream/outlier_detector.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "core/upstream/outlier_detector.h"
#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {

inline Outcome Answered(int status, std::int32_t grpc_status = -1) {
  Outcome outcome;
  outcome.status = static_cast<std::uint16_t>(status);
  outcome.grpc_status = grpc_status;
  outcome.grpc = grpc_status >= 0;
  return outcome;
}

// `status` is not 0 when the head had come before.
inline Outcome Reset(ResetReason reason, int status = 0) {
  Outcome outcome;
  outcome.status = static_cast<std::uint16_t>(status);
  outcome.reset = reason;
  return outcome;
}

class OutlierFixture : public testing::Test {
 protected:
  // Four hosts of which any may be ejected; three errors in a row eject.
  OutlierFixture() {
    policy().consecutive_5xx = 3;
    policy().max_ejection_percent = 100;
  }

  OutlierPolicy& policy() { return cluster_.outlier ? *cluster_.outlier : cluster_.outlier.emplace(); }
  ClusterState::Counters& counters() { return cluster_.state->counters; }
  EndpointState& host(std::size_t index) { return *cluster_.endpoints[index].state; }

  bool Report(const Outcome& outcome, std::size_t index = 0) {
    return OnOutcome(cluster_, cluster_.endpoints[index], outcome, now_);
  }
  // Reports `outcome` `times` times; true when the last of them ejected and none before.
  bool EjectsAt(int times, const Outcome& outcome, std::size_t index = 0) {
    for (int i = 1; i < times; ++i) {
      if (Report(outcome, index)) return false;
    }
    return Report(outcome, index);
  }
  void Eject(std::size_t index = 0) {
    ASSERT_TRUE(EjectsAt(static_cast<int>(policy().consecutive_5xx), Answered(500), index));
  }

  // Lets time pass tick by tick, as the timer of the process does.
  void Pass(Duration duration) {
    const TimePoint end = now_ + duration;
    for (TimePoint next = Sweep(cluster_, now_); next <= end; next = Sweep(cluster_, now_)) now_ = next;
    now_ = end;
  }
  // How long an ejection that happens now keeps the host out, in full seconds.
  long long SecondsOut(std::size_t index = 0) {
    Eject(index);
    long long seconds = 0;
    for (; host(index).ejected && seconds < 10'000; ++seconds) Pass(Seconds(1));
    return seconds;
  }

  Cluster cluster_ = MakeCluster(4);
  TimePoint now_{Seconds(1000)};
};

}  // namespace sluice::core

#include "gateway/runtime/meter_registry.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

core::Snapshot Naming(std::initializer_list<const char*> names) {
  core::Snapshot snapshot;
  for (const char* name : names) snapshot.meters.push_back({name, nullptr});
  return snapshot;
}

TEST(MeterRegistry, GivesEveryNameAMeterForEachWorker) {
  MeterRegistry registry(3);
  core::Snapshot snapshot = Naming({"canary/ml/a/champion", "canary/ml/a/challenger"});

  registry.Attach(snapshot);

  ASSERT_NE(snapshot.FindMeter("canary/ml/a/champion"), nullptr);
  EXPECT_EQ(snapshot.FindMeter("canary/ml/a/champion")->live->size(), 3u);
  EXPECT_NE(snapshot.meters[0].live, snapshot.meters[1].live);
  EXPECT_EQ(snapshot.FindMeter("canary/ml/b/champion"), nullptr);
}

TEST(MeterRegistry, WhatWasMeasuredSurvivesAChangeOfTheConfiguration) {
  MeterRegistry registry(1);
  core::Snapshot first = Naming({"a", "b"});
  registry.Attach(first);
  first.FindMeter("b")->live->OfWorker(0).OnAnswer(true, core::Milliseconds(1));

  core::Snapshot second = Naming({"c", "b"});
  registry.Attach(second);

  EXPECT_EQ(second.FindMeter("b")->live, first.FindMeter("b")->live);
  EXPECT_EQ(second.FindMeter("b")->live->at(0).errors(), 1u);
  EXPECT_EQ(second.FindMeter("c")->live->at(0).answers(), 0u);
}

TEST(MeterRegistry, ANameThatWasGoneStartsClean) {
  MeterRegistry registry(1);
  core::Snapshot first = Naming({"a"});
  registry.Attach(first);
  first.meters[0].live->OfWorker(0).OnAnswer(true, core::Milliseconds(1));
  core::Snapshot without = Naming({});
  registry.Attach(without);

  core::Snapshot again = Naming({"a"});
  registry.Attach(again);

  EXPECT_EQ(again.meters[0].live->at(0).answers(), 0u);
  EXPECT_EQ(first.meters[0].live->at(0).answers(), 1u);  // who still works in that world may go on
}

TEST(MeterRegistry, OneNameIsOneMeter) {
  MeterRegistry registry(1);
  core::Snapshot snapshot = Naming({"a", "a"});

  registry.Attach(snapshot);

  EXPECT_EQ(snapshot.meters[0].live, snapshot.meters[1].live);
}

}  // namespace
}  // namespace sluice::gateway

#include "core/telemetry/counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::core {
namespace {

TEST(Counter, AReaderNeverSeesItGoBack) {
  Counter counter;
  std::thread writer([&counter] {
    for (int i = 0; i < 100'000; ++i) counter.Add();
  });
  std::uint64_t last = 0;
  bool grows = true;
  while (last < 100'000) {
    const std::uint64_t now = counter.value();
    grows = grows && now >= last;
    last = now;
  }
  writer.join();
  EXPECT_TRUE(grows);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.Add(3);
  gauge.Add(-4);
  EXPECT_EQ(gauge.value(), -1);
}

}  // namespace
}  // namespace sluice::core

#include "core/telemetry/utc_text.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::core {
namespace {

TEST(UtcText, HasMillisecondsRoundedDown) {
  std::array<char, kUtcTextMax> room{};

  EXPECT_EQ(UtcText(1'770'802'200'123'999, room.data()), "2026-02-11T09:30:00.123Z");
  EXPECT_EQ(UtcText(951'782'400'000'000, room.data()), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(UtcText(-1, room.data()), "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace sluice::core

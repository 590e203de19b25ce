#include "bench/loadgen/options.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

TEST(LoadOptions, DurationsCarryTheirUnit) {
  EXPECT_EQ(*ParseDuration("10s"), std::chrono::seconds(10));
  EXPECT_EQ(*ParseDuration("1.5ms"), std::chrono::microseconds(1500));
  EXPECT_EQ(*ParseDuration("2m"), std::chrono::minutes(2));
  for (const std::string_view text : {"", "10", "s", "-1s", "0s", "10 s", "25h", "1e9m"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::bench

#include "gateway/experiment/exposure_set.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace sluice::gateway {
namespace {

TEST(ExposureSet, AKeyIsNewOnce) {
  ExposureSet set(1'000);

  EXPECT_TRUE(set.Add(7));
  EXPECT_FALSE(set.Add(7));
  EXPECT_TRUE(set.Add(0));
  EXPECT_FALSE(set.Add(0));
}

TEST(ExposureSet, RemembersAllWithinItsLimit) {
  ExposureSet set(20'000);
  core::Random random(1);
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < 20'000; ++i) keys.push_back(random.Next());

  for (const std::uint64_t key : keys) ASSERT_TRUE(set.Add(key));
  for (const std::uint64_t key : keys) ASSERT_FALSE(set.Add(key));

  EXPECT_EQ(set.size(), 20'000u);
  EXPECT_EQ(set.turns(), 0u);
}

TEST(ExposureSet, BeyondItTheOlderHalfIsForgottenAndTheTurnCounted) {
  ExposureSet set(2'000);
  for (std::uint64_t key = 1; key <= 2'001; ++key) set.Add(key);

  EXPECT_EQ(set.turns(), 1u);
  EXPECT_EQ(set.size(), 1'001u);
  EXPECT_FALSE(set.Add(1'500));
  EXPECT_TRUE(set.Add(500));
}

TEST(ExposureSet, StaysWithinItsLimitForever) {
  ExposureSet set(2'000);
  for (std::uint64_t key = 1; key <= 100'000; ++key) {
    set.Add(key);
    ASSERT_LE(set.size(), 2'000u);
  }
  EXPECT_EQ(set.turns(), 98u);
}

}  // namespace
}  // namespace sluice::gateway

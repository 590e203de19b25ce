#include "core/base/token_bucket.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TimePoint At(long long milliseconds) { return TimePoint{} + Seconds(1000) + Milliseconds(milliseconds); }

TEST(TokenBucket, GivesItsBurstAtOnceAndThenNothing) {
  TokenBucket bucket(3, 10);

  EXPECT_TRUE(bucket.Take(At(0)));
  EXPECT_TRUE(bucket.Take(At(0)));
  EXPECT_TRUE(bucket.Take(At(0)));
  EXPECT_FALSE(bucket.Take(At(0)));
}

TEST(TokenBucket, FillsAtItsRate) {
  TokenBucket bucket(3, 10);
  ASSERT_TRUE(bucket.Take(At(0), 3));

  EXPECT_FALSE(bucket.Take(At(99)));
  EXPECT_TRUE(bucket.Take(At(100)));
  EXPECT_FALSE(bucket.Take(At(199)));
  EXPECT_TRUE(bucket.Take(At(200)));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurstHoweverLongItWaits) {
  TokenBucket bucket(3, 10);
  ASSERT_TRUE(bucket.Take(At(0), 3));

  EXPECT_FALSE(bucket.Take(At(100'000), 4));
  EXPECT_TRUE(bucket.Take(At(100'000), 3));
}

TEST(TokenBucket, TakesNothingWhenTheCostIsTooHigh) {
  TokenBucket bucket(3, 10);

  EXPECT_FALSE(bucket.Take(At(0), 4));
  EXPECT_TRUE(bucket.Take(At(0), 3));
}

TEST(TokenBucket, IsNotConfusedByTimeThatStandsStill) {
  TokenBucket bucket(1, 1000);
  ASSERT_TRUE(bucket.Take(At(10)));

  EXPECT_FALSE(bucket.Take(At(10)));
  EXPECT_FALSE(bucket.Take(At(5)));
  EXPECT_TRUE(bucket.Take(At(11)));
}

}  // namespace
}  // namespace sluice::core

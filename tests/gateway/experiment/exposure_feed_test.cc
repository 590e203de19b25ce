#include "gateway/experiment/exposure_feed.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/gateway/experiment/trial.h"

namespace sluice::gateway {
namespace {

// user-42 lies in bucket 33 of 100 (tests/vectors/ab_bucket_vectors.json).
class ExposureFeedTest : public ::testing::Test {
 protected:
  Exposure One() {
    std::vector<Exposure> entries;
    trial_.feed.Read(entries);
    EXPECT_EQ(entries.size(), 1u);
    return entries.empty() ? Exposure{} : entries.front();
  }
  std::size_t Count() {
    std::vector<Exposure> entries;
    return trial_.feed.Read(entries);
  }
  std::string SubsetOf(const Exposure& exposure) {
    return exposure.served.valid() ? trial_.snapshot()->clusters[exposure.served.value].subset : "none";
  }

  Trial trial_;
};

TEST_F(ExposureFeedTest, TellsWhoWasAssignedToWhatAndWhatServedHim) {
  trial_.Publish();

  trial_.Serve("user-42");
  const Exposure exposure = One();

  EXPECT_EQ(std::string_view(exposure.unit.data(), exposure.unit_size), "user-42");
  EXPECT_EQ(exposure.bucket, 33u);
  EXPECT_EQ(exposure.arm, 0);
  EXPECT_EQ(exposure.by, core::AssignedBy::kBucket);
  EXPECT_EQ(exposure.generation, 1u);
  EXPECT_EQ(exposure.reason, ServedReason::kAsAssigned);
  EXPECT_EQ(SubsetOf(exposure), "v45");
  EXPECT_GT(exposure.time_us, 1'700'000'000'000'000);
}

TEST_F(ExposureFeedTest, PassesAUserOverWhoComesAgain) {
  trial_.Publish();

  for (int i = 0; i < 100; ++i) trial_.Serve("user-42");

  EXPECT_EQ(Count(), 1u);
}

TEST_F(ExposureFeedTest, TellsAUserAgainWhoIsServedOtherwise) {
  trial_.Publish();

  trial_.Serve("user-42");
  trial_.Serve("user-42", {.code = 503, .relayed = false});

  EXPECT_EQ(Count(), 2u);
}

TEST_F(ExposureFeedTest, AnotherConfigurationTellsHimAgain) {
  trial_.Publish();
  trial_.Serve("user-42");
  trial_.Publish();

  trial_.Serve("user-42");

  EXPECT_EQ(Count(), 2u);
}

TEST_F(ExposureFeedTest, WithoutAModelsAnswerNothingHasServed) {
  trial_.Publish();

  trial_.Serve("user-42", {.code = 503, .relayed = false});
  const Exposure exposure = One();

  EXPECT_EQ(exposure.reason, ServedReason::kFailed);
  EXPECT_FALSE(exposure.served.valid());
}

TEST_F(ExposureFeedTest, AnErrorOfTheModelIsItsAnswer) {
  trial_.Publish();

  trial_.Serve("user-42", {.code = 500});

  EXPECT_EQ(One().reason, ServedReason::kAsAssigned);
}

TEST_F(ExposureFeedTest, ARuleThatAnswersItselfForwardsNobody) {
  trial_.redirects = true;
  trial_.Publish();

  trial_.Serve("user-42");
  const Exposure exposure = One();

  EXPECT_EQ(exposure.reason, ServedReason::kNotForwarded);
  EXPECT_EQ(exposure.arm, 0);
}

TEST_F(ExposureFeedTest, ARuleToAnotherServiceIsToldAsWhatServes) {
  trial_.elsewhere = true;
  trial_.Publish();

  trial_.Serve("user-42");
  const Exposure exposure = One();

  EXPECT_EQ(exposure.reason, ServedReason::kOtherRule);
  EXPECT_EQ(SubsetOf(exposure), "stable");
}

TEST_F(ExposureFeedTest, ARuleThatIsNotNamedServesByItself) {
  trial_.experiment.routes = {"another"};
  trial_.Publish();

  trial_.Serve("user-42");

  EXPECT_EQ(One().reason, ServedReason::kOtherRule);
}

TEST_F(ExposureFeedTest, ABucketWithoutAnArmHasNone) {
  trial_.experiment.arms.erase(trial_.experiment.arms.begin());
  trial_.Publish();

  trial_.Serve("user-42");
  const Exposure exposure = One();

  EXPECT_EQ(exposure.arm, -1);
  EXPECT_EQ(exposure.reason, ServedReason::kNoArm);
  EXPECT_EQ(SubsetOf(exposure), "v45");
}

TEST_F(ExposureFeedTest, AHoldoutIsNoArm) {
  trial_.experiment.holdout = {.name = "all", .buckets = core::kLayerBuckets};
  trial_.Publish();

  trial_.Serve("user-42");
  const Exposure exposure = One();

  EXPECT_EQ(exposure.arm, -2);
  EXPECT_EQ(exposure.by, core::AssignedBy::kHoldout);
  EXPECT_EQ(exposure.reason, ServedReason::kNoArm);
}

TEST_F(ExposureFeedTest, ALongUnitIsToldByAHashOfIt) {
  trial_.Publish();
  const std::string first(5'000, 'a');
  const std::string second = first + "b";

  trial_.Serve(first);
  const Exposure of_first = One();
  trial_.Serve(second);
  const Exposure of_second = One();

  EXPECT_EQ(of_first.unit_size, 32u);
  EXPECT_NE(of_first.unit, of_second.unit);
}

TEST_F(ExposureFeedTest, AFullRingDropsAndCountsAndTellsTheUserLater) {
  trial_.Publish();
  trial_.ServeMany(static_cast<int>(ExposureFeed::kRing));

  trial_.Serve("late");
  trial_.Serve("late");
  const std::size_t first = Count();
  trial_.Serve("late");

  EXPECT_EQ(first, ExposureFeed::kRing);
  EXPECT_EQ(trial_.feed.dropped(), 2u);
  EXPECT_EQ(Count(), 1u);
}

TEST_F(ExposureFeedTest, IsReadWhileItsWorkerGoesOn) {
  trial_.Publish();
  constexpr int kUsers = 30'000;
  std::atomic<bool> done = false;
  std::thread worker([&] {
    trial_.ServeMany(kUsers);
    done = true;
  });

  std::vector<Exposure> entries;
  while (!done) trial_.feed.Read(entries);
  worker.join();
  trial_.feed.Read(entries);

  EXPECT_EQ(entries.size() + trial_.feed.dropped(), static_cast<std::size_t>(kUsers));
  for (const Exposure& exposure : entries) {
    ASSERT_TRUE(std::string_view(exposure.unit.data(), exposure.unit_size).starts_with("user-"));
  }
}

}  // namespace
}  // namespace sluice::gateway

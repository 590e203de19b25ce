// Warm-up of hosts that appeared a short while ago.
#include "core/upstream/balancer.h"

#include <gtest/gtest.h>

#include "tests/core/upstream/balancer_fixture.h"

namespace sluice::core {
namespace {

class WarmUpTest : public BalancerTest {
 protected:
  // Two hosts, of which the second appeared `age` ago; a hundred seconds of warm-up.
  Cluster Warming(LbPolicy policy, Duration age) {
    Cluster cluster = MakeCluster(2, policy);
    cluster.load_balancer.warmup = Seconds(100);
    SetAge(cluster, 0, Seconds(1000));
    SetAge(cluster, 1, age);
    return cluster;
  }
};

TEST_F(WarmUpTest, ANewHostGetsItsShareByAge) {
  for (const LbPolicy policy : {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest}) {
    const Cluster cluster = Warming(policy, Seconds(50));
    Balancer balancer(cluster);

    ExpectCounts(Counts(balancer, 300), {200, 100});
  }
}

TEST_F(WarmUpTest, ANewHostGetsTheLeastShareAtFirst) {
  Cluster cluster = Warming(LbPolicy::kRoundRobin, Seconds(3));
  Balancer tenth(cluster);
  ExpectCounts(Counts(tenth, 110), {100, 10});

  cluster.load_balancer.warmup_minimum_percent = 25;
  Balancer quarter(cluster);

  ExpectCounts(Counts(quarter, 100), {80, 20});
}

TEST_F(WarmUpTest, AnAgeBelowASecondCountsAsOne) {
  Cluster cluster = Warming(LbPolicy::kRoundRobin, Milliseconds(1));
  cluster.load_balancer.warmup = Seconds(4);
  cluster.load_balancer.warmup_minimum_percent = 0;
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 100), {80, 20});
}

TEST_F(WarmUpTest, AggressionBendsTheRamp) {
  Cluster cluster = Warming(LbPolicy::kRoundRobin, Seconds(25));
  cluster.load_balancer.warmup_aggression = 2;  // the square root of a quarter is a half
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 300), {200, 100});
}

TEST_F(WarmUpTest, ShareGrowsFromPickToPick) {
  const Cluster cluster = Warming(LbPolicy::kRoundRobin, Seconds(20));
  Balancer balancer(cluster);
  ExpectCounts(Counts(balancer, 120), {100, 20});

  now_ += Seconds(30);

  ExpectCounts(Counts(balancer, 300), {200, 100});
}

TEST_F(WarmUpTest, AWarmHostIsLikeAnyOtherAndNoScheduleIsLeft) {
  const Cluster cluster = Warming(LbPolicy::kLeastRequest, Seconds(50));
  Balancer balancer(cluster);
  Counts(balancer, 10);

  now_ += Seconds(50);
  SetActive(cluster, 0, 99);

  EXPECT_NEAR(Counts(balancer, 10'000)[0], 2500, 220) << "two draws, not weights divided by load";
}

TEST_F(WarmUpTest, AReturnFromEjectionIsNoReasonToWarmUpAgain) {
  const Cluster cluster = Warming(LbPolicy::kRoundRobin, Seconds(500));
  Balancer balancer(cluster);
  SetEjected(cluster, 1, true);
  Pick(balancer);

  SetEjected(cluster, 1, false);

  ExpectCounts(Counts(balancer, 100), {50, 50});
}

TEST_F(WarmUpTest, WeightsAndWarmUpMultiply) {
  Cluster cluster = Warming(LbPolicy::kRoundRobin, Seconds(50));
  cluster.endpoints[1].weight = 4;
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 300), {100, 200});
}

TEST_F(WarmUpTest, RandomKnowsNoWarmUp) {
  const Cluster cluster = Warming(LbPolicy::kRandom, Seconds(0));
  Balancer balancer(cluster);

  EXPECT_NEAR(Counts(balancer, 10'000)[1], 5000, 250);
}

}  // namespace
}  // namespace sluice::core

#include "core/upstream/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/upstream/hash_tables.h"
#include "tests/core/upstream/balancer_fixture.h"

namespace sluice::core {
namespace {

using Hosts = std::vector<const Endpoint*>;

constexpr LbPolicy kPolicies[] = {LbPolicy::kLeastRequest, LbPolicy::kRoundRobin, LbPolicy::kRandom,
                                  LbPolicy::kRingHash, LbPolicy::kMaglev};

TEST_F(BalancerTest, AClusterWithoutEndpointsHasNoHost) {
  for (const LbPolicy policy : kPolicies) {
    const Cluster cluster = MakeCluster(0, policy);
    Balancer balancer(cluster);

    EXPECT_EQ(Pick(balancer), nullptr);
    EXPECT_EQ(cluster.state->counters.upstream_cx_none_healthy, 1u);
  }
}

TEST_F(BalancerTest, AnOnlyHostIsTakenHoweverBusy) {
  for (const LbPolicy policy : kPolicies) {
    const Cluster cluster = MakeCluster(1, policy);
    SetActive(cluster, 0, 1000);
    Balancer balancer(cluster);

    for (int i = 0; i < 20; ++i) EXPECT_EQ(Pick(balancer), cluster.endpoints.data());
  }
}

TEST_F(BalancerTest, AnEjectedHostIsSkippedUntilItReturns) {
  for (const LbPolicy policy : kPolicies) {
    const Cluster cluster = MakeCluster(3, policy);
    Balancer balancer(cluster);
    EXPECT_GT(std::ranges::min(Counts(balancer, 300)), 0);

    SetEjected(cluster, 1, true);
    const std::vector<int> without = Counts(balancer, 300);
    SetEjected(cluster, 1, false);
    const std::vector<int> back = Counts(balancer, 300);

    EXPECT_GT(without[0], 0);
    EXPECT_EQ(without[1], 0);
    EXPECT_GT(without[2], 0);
    EXPECT_GT(back[1], 0);
  }
}

TEST_F(BalancerTest, AllHostsEjectedMeansNoHost) {
  for (const LbPolicy policy : kPolicies) {
    Cluster cluster = MakeCluster(2, policy);
    cluster.outlier.emplace();
    SetEjected(cluster, 0, true);
    SetEjected(cluster, 1, true);
    Balancer balancer(cluster);

    EXPECT_EQ(Pick(balancer), nullptr);
    EXPECT_EQ(balancer.usable_count(), 0u);
    EXPECT_FALSE(balancer.in_panic());
    EXPECT_EQ(cluster.state->counters.upstream_cx_none_healthy, 1u);
    EXPECT_EQ(cluster.state->counters.lb_healthy_panic, 0u);
  }
}

TEST_F(BalancerTest, PanicBeginsBelowTheThresholdNotAtIt) {
  Cluster cluster = MakeCluster(4, LbPolicy::kRoundRobin);
  cluster.outlier.emplace().min_health_percent = 50;
  Balancer balancer(cluster);

  SetEjected(cluster, 0, true);
  SetEjected(cluster, 1, true);
  ExpectCounts(Counts(balancer, 40), {0, 0, 20, 20});
  EXPECT_FALSE(balancer.in_panic());

  SetEjected(cluster, 2, true);
  ExpectCounts(Counts(balancer, 40), {10, 10, 10, 10});
  EXPECT_TRUE(balancer.in_panic());
  EXPECT_EQ(cluster.state->counters.lb_healthy_panic, 40u);

  SetEjected(cluster, 2, false);
  ExpectCounts(Counts(balancer, 40), {0, 0, 20, 20});
}

TEST_F(BalancerTest, PanicUsesEjectedHostsWithEveryPolicy) {
  for (const LbPolicy policy : kPolicies) {
    Cluster cluster = MakeCluster(2, policy);
    cluster.outlier.emplace().min_health_percent = 60;
    SetEjected(cluster, 0, true);
    Balancer balancer(cluster);

    EXPECT_GT(Counts(balancer, 100)[0], 0);
  }
}

TEST_F(BalancerTest, AClusterWithoutOutlierDetectionNeverPanics) {
  const Cluster cluster = MakeCluster(2);
  SetEjected(cluster, 0, true);
  SetEjected(cluster, 1, true);
  Balancer balancer(cluster);

  EXPECT_EQ(Pick(balancer), nullptr);
}

TEST_F(BalancerTest, LeastRequestDrawsTwiceWithReplacement) {
  const Cluster cluster = MakeCluster(2, LbPolicy::kLeastRequest);
  SetActive(cluster, 0, 10);
  Balancer balancer(cluster);

  // The busy host wins only when both draws name it: a quarter. Five standard deviations of 10,000 draws are 2.2 %.
  EXPECT_NEAR(Counts(balancer, 10'000)[0], 2500, 220);
}

TEST_F(BalancerTest, LeastRequestKeepsTheFirstDrawUnlessTheSecondIsIdler) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kLeastRequest);
  for (std::size_t i = 0; i < 3; ++i) SetActive(cluster, i, 4);
  Balancer balancer(cluster);
  Pick(balancer);

  for (int i = 0; i < 100; ++i) {
    Random same = random_;
    EXPECT_EQ(IndexOf(cluster, Pick(balancer)), same.Below(3));
  }
}

TEST_F(BalancerTest, LeastRequestSeesRequestsOfOtherWorkersAtOnce) {
  const Cluster cluster = MakeCluster(2, LbPolicy::kLeastRequest);
  Balancer balancer(cluster);
  SetActive(cluster, 0, 1);
  EXPECT_LT(Counts(balancer, 1000)[0], 350);

  SetActive(cluster, 1, 2);

  EXPECT_GT(Counts(balancer, 1000)[0], 650);
}

TEST_F(BalancerTest, LeastRequestWithEqualWeightsOtherThanOneStillDraws) {
  Cluster cluster = MakeCluster(2, LbPolicy::kLeastRequest);
  for (Endpoint& endpoint : cluster.endpoints) endpoint.weight = 5;
  SetActive(cluster, 0, 1'000'000);
  Balancer balancer(cluster);

  EXPECT_NEAR(Counts(balancer, 10'000)[0], 2500, 220);
}

TEST_F(BalancerTest, LeastRequestFollowsWeightsThatDiffer) {
  Cluster cluster = MakeCluster(3, LbPolicy::kLeastRequest);
  cluster.endpoints[1].weight = 2;
  cluster.endpoints[2].weight = 5;
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 800), {100, 200, 500});
}

TEST_F(BalancerTest, LeastRequestDividesWeightsByActiveRequestsPlusOne) {
  Cluster cluster = MakeCluster(2, LbPolicy::kLeastRequest);
  cluster.endpoints[0].weight = 6;
  SetActive(cluster, 0, 2);  // 6 / 3 beside 1 / 1
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 300), {200, 100});
}

TEST_F(BalancerTest, WeightsThatAreEqualAmongTheUsableHostsNeedNoSchedule) {
  Cluster cluster = MakeCluster(3, LbPolicy::kLeastRequest);
  cluster.endpoints[2].weight = 9;
  SetEjected(cluster, 2, true);
  SetActive(cluster, 0, 99);
  Balancer balancer(cluster);

  // A schedule would give 1 in 101.
  EXPECT_NEAR(Counts(balancer, 10'000)[0], 2500, 220);
}

TEST_F(BalancerTest, RoundRobinTakesEveryHostInTurn) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kRoundRobin);
  SetActive(cluster, 1, 1000);
  Balancer balancer(cluster);
  std::size_t last = IndexOf(cluster, Pick(balancer));

  for (int i = 0; i < 30; ++i) {
    const std::size_t next = IndexOf(cluster, Pick(balancer));
    EXPECT_EQ(next, (last + 1) % 3);
    last = next;
  }
}

TEST_F(BalancerTest, RoundRobinStartsAnywhere) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kRoundRobin);
  std::set<std::size_t> starts;
  for (int worker = 0; worker < 50; ++worker) {
    Balancer balancer(cluster);
    starts.insert(IndexOf(cluster, Pick(balancer)));
  }

  EXPECT_EQ(starts.size(), 3u);
}

TEST_F(BalancerTest, RoundRobinFollowsWeightsAndMindsNoLoad) {
  Cluster cluster = MakeCluster(3, LbPolicy::kRoundRobin);
  cluster.endpoints[0].weight = 3;
  SetActive(cluster, 0, 1000);
  Balancer balancer(cluster);

  ExpectCounts(Counts(balancer, 500), {300, 100, 100});
}

TEST_F(BalancerTest, RandomIgnoresWeightsAndLoad) {
  Cluster cluster = MakeCluster(2, LbPolicy::kRandom);
  cluster.endpoints[0].weight = 9;
  SetActive(cluster, 0, 1000);
  Balancer balancer(cluster);

  EXPECT_NEAR(Counts(balancer, 10'000)[0], 5000, 250);
}

TEST_F(BalancerTest, RingHashTakesTheNextEntryClockwise) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kRingHash);
  const auto& ring = cluster.hash_tables->ring;
  Balancer balancer(cluster);

  for (std::size_t i = 1; i < ring.size(); ++i) {
    ASSERT_EQ(IndexOf(cluster, PickByHash(balancer, ring[i].hash)), ring[i].endpoint) << "at an entry";
    ASSERT_EQ(IndexOf(cluster, PickByHash(balancer, ring[i - 1].hash + 1)), ring[i].endpoint) << "behind the last";
  }
  EXPECT_EQ(IndexOf(cluster, PickByHash(balancer, UINT64_MAX)), ring.front().endpoint) << "past the end: from the top";
}

TEST_F(BalancerTest, MaglevTakesTheSlotOfTheHash) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kMaglev);
  const auto& table = cluster.hash_tables->maglev;
  Balancer balancer(cluster);

  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t hash = random_.Next();
    ASSERT_EQ(IndexOf(cluster, PickByHash(balancer, hash)), table[hash % table.size()]);
  }
}

TEST_F(BalancerTest, HashingLeavesKeysOfOthersAloneWhenAHostIsEjected) {
  for (const LbPolicy policy : {LbPolicy::kRingHash, LbPolicy::kMaglev}) {
    const Cluster cluster = MakeCluster(4, policy);
    Balancer balancer(cluster);
    std::vector<const Endpoint*> before;
    for (std::uint64_t i = 0; i < 1000; ++i) before.push_back(PickByHash(balancer, i * 0x9e3779b97f4a7c15));

    SetEjected(cluster, 2, true);

    std::set<const Endpoint*> heirs;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const Endpoint* now = PickByHash(balancer, i * 0x9e3779b97f4a7c15);
      if (before[i] == &cluster.endpoints[2]) {
        heirs.insert(now);
      } else {
        ASSERT_EQ(now, before[i]);
      }
    }
    EXPECT_EQ(heirs, (std::set{&cluster.endpoints[0], &cluster.endpoints[1], &cluster.endpoints[3]}));
  }
}

TEST_F(BalancerTest, ARequestWithoutKeyGoesToARandomHost) {
  for (const LbPolicy policy : {LbPolicy::kRingHash, LbPolicy::kMaglev}) {
    const Cluster cluster = MakeCluster(3, policy);
    Balancer balancer(cluster);

    for (const int count : Counts(balancer, 3000)) EXPECT_NEAR(count, 1000, 250);
  }
}

TEST_F(BalancerTest, AvoidsHostsThatWereTried) {
  for (const LbPolicy policy : kPolicies) {
    const Cluster cluster = MakeCluster(3, policy);
    const Hosts tried{cluster.endpoints.data()};
    Balancer balancer(cluster);

    int again = 0;
    for (int i = 0; i < 3000; ++i) again += PickByHash(balancer, random_.Next(), tried) == tried[0];

    // Six draws of one in three name it all the same once in 729 picks.
    EXPECT_LT(again, 20) << static_cast<int>(policy);
  }
}

TEST_F(BalancerTest, DrawsFiveTimesAgainAndThenTakesATriedHost) {
  const Cluster cluster = MakeCluster(9, LbPolicy::kRoundRobin);
  const auto next = [&](std::size_t start, std::size_t steps) { return &cluster.endpoints[(start + steps) % 9]; };
  for (const std::size_t tried_count : {5u, 6u}) {
    Balancer balancer(cluster);
    const std::size_t start = IndexOf(cluster, Pick(balancer));
    Hosts tried;
    for (std::size_t i = 1; i <= tried_count; ++i) tried.push_back(next(start, i));

    EXPECT_EQ(Pick(balancer, tried), next(start, 6)) << tried_count << " tried";
  }
}

TEST_F(BalancerTest, AnOnlyHostIsTakenAlthoughItWasTried) {
  for (const LbPolicy policy : kPolicies) {
    const Cluster cluster = MakeCluster(1, policy);
    const Hosts tried{cluster.endpoints.data()};
    Balancer balancer(cluster);

    EXPECT_EQ(Pick(balancer, tried), tried[0]);
  }
}

TEST_F(BalancerTest, ARetryOfAKeyGoesToTheSameOtherHostEveryTime) {
  for (const LbPolicy policy : {LbPolicy::kRingHash, LbPolicy::kMaglev}) {
    const Cluster cluster = MakeCluster(5, policy);
    Balancer balancer(cluster);
    const Hosts tried{PickByHash(balancer, 42)};
    const Endpoint* other = PickByHash(balancer, 42, tried);

    EXPECT_NE(other, tried[0]);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(PickByHash(balancer, 42, tried), other);
  }
}

}  // namespace
}  // namespace sluice::core

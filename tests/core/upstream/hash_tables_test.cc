#include "core/upstream/hash_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/upstream/affinity_hash.h"
#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {
namespace {

Cluster WithRing(std::size_t endpoints, std::uint64_t minimum_size) {
  Cluster cluster = MakeCluster(endpoints, LbPolicy::kRingHash);
  cluster.load_balancer.minimum_ring_size = minimum_size;
  cluster.hash_tables = BuildHashTables(cluster);
  return cluster;
}

Cluster WithMaglev(std::size_t endpoints, std::uint64_t size) {
  Cluster cluster = MakeCluster(endpoints, LbPolicy::kMaglev);
  cluster.load_balancer.maglev_table_size = size;
  cluster.hash_tables = BuildHashTables(cluster);
  return cluster;
}

// How many entries, or slots, each endpoint has.
std::vector<std::size_t> RingCounts(const Cluster& cluster) {
  std::vector<std::size_t> counts(cluster.endpoints.size());
  for (const HashTables::RingEntry& entry : cluster.hash_tables->ring) ++counts[entry.endpoint];
  return counts;
}

std::vector<std::size_t> MaglevCounts(const Cluster& cluster) {
  std::vector<std::size_t> counts(cluster.endpoints.size());
  for (const std::uint32_t endpoint : cluster.hash_tables->maglev) ++counts.at(endpoint);
  return counts;
}

// Who serves a key: the next entry clockwise, or the key's slot.
const std::string& Owner(const Cluster& cluster, std::uint64_t key) {
  const HashTables& tables = *cluster.hash_tables;
  if (!tables.maglev.empty()) return cluster.endpoints[tables.maglev[key % tables.maglev.size()]].host_port;
  auto entry = std::ranges::lower_bound(tables.ring, key, {}, &HashTables::RingEntry::hash);
  if (entry == tables.ring.end()) entry = tables.ring.begin();
  return cluster.endpoints[entry->endpoint].host_port;
}

constexpr std::uint64_t kKeys = 20'000;

std::uint64_t Key(std::uint64_t number) { return AffinityHash("user-" + std::to_string(number)); }

// Keys whose owner differs although `gone`, which one of the two clusters lacks, owned them in neither.
double MovedWithoutNeed(const Cluster& before, const Cluster& after, const std::string& gone) {
  std::uint64_t moved = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    const std::string& old = Owner(before, Key(i));
    const std::string& now = Owner(after, Key(i));
    if (old != now && old != gone && now != gone) ++moved;
  }
  return static_cast<double>(moved) / kKeys;
}

void Rebuild(Cluster& cluster) { cluster.hash_tables = BuildHashTables(cluster); }

TEST(HashTables, AreForPoliciesThatHashAndForClustersWithEndpointsOnly) {
  EXPECT_EQ(BuildHashTables(MakeCluster(3, LbPolicy::kLeastRequest)), nullptr);
  EXPECT_EQ(BuildHashTables(MakeCluster(3, LbPolicy::kRoundRobin)), nullptr);
  EXPECT_EQ(BuildHashTables(MakeCluster(3, LbPolicy::kRandom)), nullptr);
  EXPECT_EQ(BuildHashTables(MakeCluster(0, LbPolicy::kRingHash)), nullptr);
  EXPECT_EQ(BuildHashTables(MakeCluster(0, LbPolicy::kMaglev)), nullptr);
}

TEST(HashTables, HoldTheTableOfTheirPolicyAlone) {
  EXPECT_TRUE(MakeCluster(3, LbPolicy::kRingHash).hash_tables->maglev.empty());
  EXPECT_TRUE(MakeCluster(3, LbPolicy::kMaglev).hash_tables->ring.empty());
}

TEST(HashRing, HasAtLeast1024EntriesUnlessToldOtherwise) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kRingHash);

  // 342 each: the smallest whole number that brings three endpoints to 1024.
  EXPECT_EQ(RingCounts(cluster), (std::vector<std::size_t>{342, 342, 342}));
}

TEST(HashRing, GivesEqualEndpointsTheSameWholeNumberOfEntries) {
  for (std::size_t endpoints = 1; endpoints <= 120; ++endpoints) {
    const Cluster cluster = MakeCluster(endpoints, LbPolicy::kRingHash);
    const std::size_t each = (1024 + endpoints - 1) / endpoints;
    ASSERT_EQ(RingCounts(cluster), std::vector<std::size_t>(endpoints, each)) << endpoints << " endpoints";
  }
}

TEST(HashRing, HasAnEntryPerEndpointHoweverSmallTheMinimum) {
  EXPECT_EQ(RingCounts(WithRing(5, 1)), std::vector<std::size_t>(5, 1));
}

TEST(HashRing, GivesEntriesInProportionToWeights) {
  Cluster cluster = WithRing(3, 1000);
  cluster.endpoints[1].weight = 2;
  cluster.endpoints[2].weight = 5;
  Rebuild(cluster);

  EXPECT_EQ(RingCounts(cluster), (std::vector<std::size_t>{125, 250, 625}));
}

TEST(HashRing, GivesTheLightestEndpointAWholeNumberAndTheOthersTheirShareOfIt) {
  Cluster cluster = WithRing(2, 12);
  cluster.endpoints[0].weight = 2;
  cluster.endpoints[1].weight = 3;
  Rebuild(cluster);

  // 2/5 of 12 is 4.8: five entries, which make the ring 12.5 long; 7.5 for the other are 8.
  EXPECT_EQ(RingCounts(cluster), (std::vector<std::size_t>{5, 8}));
}

TEST(HashRing, GrowsNoLargerThanEightMebiEntriesHoweverUnequalTheWeights) {
  Cluster cluster = WithRing(2, 1);
  cluster.endpoints[1].weight = 4'000'000'000;  // worth as many entries, were there no bound

  EXPECT_EQ(RingSize(cluster), 8.0 * 1024 * 1024);  // not built: sorting that many takes seconds
}

TEST(HashRing, IsSortedByHash) {
  const Cluster cluster = MakeCluster(7, LbPolicy::kRingHash);
  EXPECT_TRUE(std::ranges::is_sorted(cluster.hash_tables->ring, {}, &HashTables::RingEntry::hash));
}

TEST(HashRing, KeysEntriesByAddressPortAndNumber) {
  const Cluster cluster = WithRing(2, 200);
  std::set<std::pair<std::uint64_t, std::uint32_t>> expected;
  for (int i = 0; i < 100; ++i) {
    expected.emplace(AffinityHash("10.0.0.1:80_" + std::to_string(i)), 0u);
    expected.emplace(AffinityHash("10.0.0.2:80_" + std::to_string(i)), 1u);
  }

  std::set<std::pair<std::uint64_t, std::uint32_t>> found;
  for (const HashTables::RingEntry& entry : cluster.hash_tables->ring) found.emplace(entry.hash, entry.endpoint);

  EXPECT_EQ(found, expected);
}

TEST(HashRing, SpreadsKeysEvenly) {
  const Cluster cluster = MakeCluster(3, LbPolicy::kRingHash);
  std::map<std::string, double> keys;
  for (std::uint64_t i = 0; i < kKeys; ++i) ++keys[Owner(cluster, Key(i))];

  // With 342 entries each the shares stray by about 5 % of a third; three times that is allowed.
  for (const auto& [owner, count] : keys) EXPECT_NEAR(count / kKeys, 1.0 / 3, 0.05) << owner;
}

TEST(HashRing, MovesOnlyTheKeysOfAnEndpointThatLeaves) {
  const Cluster before = WithRing(10, 1000);
  Cluster after = WithRing(10, 900);  // a hundred entries each, before and after
  after.endpoints.erase(after.endpoints.begin() + 4);
  Rebuild(after);
  ASSERT_EQ(RingCounts(after), std::vector<std::size_t>(9, 100));

  EXPECT_EQ(MovedWithoutNeed(before, after, before.endpoints[4].host_port), 0);
}

TEST(HashRing, MovesKeysToAnEndpointThatJoinsAndToNoOther) {
  const Cluster before = WithRing(10, 1000);
  const Cluster after = WithRing(11, 1100);

  EXPECT_EQ(MovedWithoutNeed(before, after, after.endpoints[10].host_port), 0);
}

TEST(HashRing, MovesFewKeysWhenItsShareOfEntriesChangesToo) {
  const Cluster before = MakeCluster(10, LbPolicy::kRingHash);
  const Cluster after = MakeCluster(11, LbPolicy::kRingHash);  // 103 entries each become 94

  EXPECT_LT(MovedWithoutNeed(before, after, after.endpoints[10].host_port), 0.12);
}

TEST(HashRing, DoesNotDependOnTheOrderOfEndpoints) {
  Cluster cluster = MakeCluster(5, LbPolicy::kRingHash);
  cluster.endpoints[3].weight = 3;
  Rebuild(cluster);
  Cluster shuffled = cluster;
  std::ranges::reverse(shuffled.endpoints);
  Rebuild(shuffled);

  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_EQ(Owner(cluster, Key(i)), Owner(shuffled, Key(i)));
}

TEST(MaglevTable, HasThePrimeNumberOfSlotsThatIsConfigured) {
  EXPECT_EQ(MakeCluster(3, LbPolicy::kMaglev).hash_tables->maglev.size(), 65537u);
  EXPECT_EQ(WithMaglev(3, 251).hash_tables->maglev.size(), 251u);
}

TEST(MaglevTable, GivesEqualEndpointsTheSameNumberOfSlotsButForOne) {
  for (const std::size_t endpoints : {1u, 2u, 3u, 10u, 100u}) {
    const Cluster cluster = MakeCluster(endpoints, LbPolicy::kMaglev);
    const std::vector<std::size_t> slots = MaglevCounts(cluster);
    EXPECT_LE(std::ranges::max(slots) - std::ranges::min(slots), 1u) << endpoints << " endpoints";
  }
}

TEST(MaglevTable, GivesSlotsInProportionToWeights) {
  Cluster cluster = MakeCluster(3, LbPolicy::kMaglev);
  cluster.endpoints[1].weight = 2;
  cluster.endpoints[2].weight = 5;
  Rebuild(cluster);

  const std::vector<std::size_t> slots = MaglevCounts(cluster);
  EXPECT_NEAR(static_cast<double>(slots[0]), 65537.0 * 1 / 8, 2);
  EXPECT_NEAR(static_cast<double>(slots[1]), 65537.0 * 2 / 8, 2);
  EXPECT_NEAR(static_cast<double>(slots[2]), 65537.0 * 5 / 8, 2);
}

TEST(MaglevTable, LetsEndpointsWalkByTheHashesOfTheirAddress) {
  const Cluster cluster = WithMaglev(1, 251);
  const Cluster both = WithMaglev(2, 251);
  const auto favourite = [](const Endpoint& endpoint) { return AffinityHash(endpoint.host_port) % 251; };

  // The first by name is served first; the second gets its favourite too unless that one is taken.
  ASSERT_NE(favourite(both.endpoints[0]), favourite(both.endpoints[1]));
  EXPECT_EQ(both.hash_tables->maglev[favourite(both.endpoints[0])], 0u);
  EXPECT_EQ(both.hash_tables->maglev[favourite(both.endpoints[1])], 1u);
  EXPECT_EQ(MaglevCounts(cluster), std::vector<std::size_t>{251});
}

TEST(MaglevTable, IsFilledEvenWhenEndpointsOutnumberSlots) {
  const std::vector<std::size_t> slots = MaglevCounts(WithMaglev(5, 2));

  EXPECT_EQ(slots[0] + slots[1] + slots[2] + slots[3] + slots[4], 2u);
}

TEST(MaglevTable, MovesFewKeysOfOthersWhenAnEndpointLeavesOrJoins) {
  const Cluster eleven = MakeCluster(11, LbPolicy::kMaglev);
  Cluster ten = eleven;
  const std::string gone = ten.endpoints[4].host_port;
  ten.endpoints.erase(ten.endpoints.begin() + 4);
  Rebuild(ten);

  EXPECT_LT(MovedWithoutNeed(eleven, ten, gone), 0.05);
  EXPECT_LT(MovedWithoutNeed(ten, eleven, gone), 0.05);
}

TEST(MaglevTable, DoesNotDependOnTheOrderOfEndpoints) {
  Cluster cluster = MakeCluster(5, LbPolicy::kMaglev);
  cluster.endpoints[3].weight = 3;
  Rebuild(cluster);
  Cluster shuffled = cluster;
  std::ranges::reverse(shuffled.endpoints);
  Rebuild(shuffled);

  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_EQ(Owner(cluster, Key(i)), Owner(shuffled, Key(i)));
}

}  // namespace
}  // namespace sluice::core

// A balancer with a clock and dice in hand, for the tests of core/upstream/balancer.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/upstream/balancer.h"
#include "tests/core/upstream/cluster_fixture.h"

namespace sluice::core {

class BalancerTest : public testing::Test {
 protected:
  static std::size_t IndexOf(const Cluster& cluster, const Endpoint* endpoint) {
    return static_cast<std::size_t>(endpoint - cluster.endpoints.data());
  }

  const Endpoint* Pick(Balancer& balancer, std::span<const Endpoint* const> tried = {}) {
    return balancer.Pick({.random = random_, .now = now_, .hash = {}, .tried = tried});
  }

  const Endpoint* PickByHash(Balancer& balancer, std::uint64_t hash, std::span<const Endpoint* const> tried = {}) {
    return balancer.Pick({.random = random_, .now = now_, .hash = hash, .tried = tried});
  }

  // How often each endpoint comes up in `picks`.
  std::vector<int> Counts(Balancer& balancer, int picks) {
    std::vector<int> counts(balancer.cluster().endpoints.size());
    for (int i = 0; i < picks; ++i) ++counts.at(IndexOf(balancer.cluster(), Pick(balancer)));
    return counts;
  }

  static void SetActive(const Cluster& cluster, std::size_t index, std::uint32_t active) {
    cluster.endpoints[index].state->active_requests = active;
  }

  void SetAge(const Cluster& cluster, std::size_t index, Duration age) {
    cluster.endpoints[index].state->appeared_at = (now_ - age).time_since_epoch().count();
  }

  Random random_{7};
  TimePoint now_{Seconds(100'000)};
};

// With a schedule no endpoint strays by more than one turn from its share.
inline void ExpectCounts(const std::vector<int>& counts, const std::vector<int>& expected) {
  ASSERT_EQ(counts.size(), expected.size());
  for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_NEAR(counts[i], expected[i], 1) << "endpoint " << i;
}

}  // namespace sluice::core

#include <gtest/gtest.h>

#include "core/plan/explanation.h"
#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

constexpr auto kHost = "ranking.svc";

class EndpointTraceTest : public testing::Test {
 protected:
  EndpointTraceTest() {
    world_.Service(kHost, 8000, {"v45", "v47"});
    Endpoint one;
    one.host_port = "127.0.0.1:1";
    one.labels = {{"version", "v45"}};
    Endpoint other = one;
    other.host_port = "127.0.0.1:2";
    other.labels = {{"version", "v47"}};
    world_.cluster(kHost, "").endpoints = {one, other};
    world_.cluster(kHost, "v45").endpoints = {one};
    world_.cluster(kHost, "v47").endpoints = {other};
  }

  tests::SnapshotBuilder world_;
};

TEST_F(EndpointTraceTest, EndpointsOfOtherSubsetsAreOutByTheirLabels) {
  const auto snapshot = world_.Build();
  const auto traces =
      TraceEndpoints(*snapshot, snapshot->clusters[snapshot->FindCluster(kHost, 0, "v45").value], std::nullopt);

  ASSERT_EQ(traces.size(), 2u);
  EXPECT_TRUE(traces[0].candidate);
  EXPECT_EQ(traces[0].endpoint->host_port, "127.0.0.1:1");
  EXPECT_FALSE(traces[1].candidate);
  EXPECT_EQ(traces[1].out, "labels version=v47: not of subset v45");
}

TEST_F(EndpointTraceTest, AnEjectedEndpointTellsForHowLong) {
  Cluster& cluster = world_.cluster(kHost, "v45");
  cluster.state = std::make_shared<ClusterState>();
  cluster.outlier.emplace().base_ejection_time = Seconds(30);
  auto state = std::make_shared<EndpointState>();
  cluster.endpoints.front().state = state;
  state->ejected = true;
  state->outlier.ejected_at = TimePoint(Seconds(100));
  state->outlier.multiplier = 1;
  const auto snapshot = world_.Build();
  const Cluster& chosen = snapshot->clusters[snapshot->FindCluster(kHost, 0, "v45").value];

  const auto early = TraceEndpoints(*snapshot, chosen, TimePoint(Milliseconds(104'500)));
  EXPECT_FALSE(early[0].candidate);
  EXPECT_EQ(early[0].out, "ejected 4.5 s ago, for 25.5 s more");
  const auto late = TraceEndpoints(*snapshot, chosen, TimePoint(Seconds(140)));
  EXPECT_EQ(late[0].out, "ejected 40.0 s ago, back at the next look");
  EXPECT_TRUE(TraceEndpoints(*snapshot, chosen, std::nullopt)[0].candidate);
}

}  // namespace
}  // namespace sluice::core

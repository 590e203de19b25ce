#include "core/snapshot/snapshot.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

Snapshot WithClusters() {
  Snapshot snapshot;
  const auto add = [&](std::string host, std::uint16_t port, std::string subset) {
    Cluster cluster;
    cluster.id = ClusterId{static_cast<std::uint32_t>(snapshot.clusters.size())};
    cluster.service_host = std::move(host);
    cluster.port = port;
    cluster.subset = std::move(subset);
    snapshot.clusters.push_back(std::move(cluster));
  };
  add("ranking.svc", 8000, "");
  add("ranking.svc", 8000, "v45");
  add("ranking.svc", 9000, "v45");
  add("search.svc", 80, "");
  snapshot.IndexClusters();
  return snapshot;
}

TEST(Snapshot, FindsClustersByHostPortAndSubset) {
  const Snapshot snapshot = WithClusters();

  EXPECT_EQ(snapshot.FindCluster("ranking.svc", 8000, "v45"), ClusterId{1});
  EXPECT_EQ(snapshot.FindCluster("ranking.svc", 9000, "v45"), ClusterId{2});
  EXPECT_EQ(snapshot.FindCluster("search.svc", 80, ""), ClusterId{3});
}

TEST(Snapshot, PortZeroFindsTheFirstPort) {
  const Snapshot snapshot = WithClusters();

  EXPECT_EQ(snapshot.FindCluster("ranking.svc", 0, "v45"), ClusterId{1});
  EXPECT_EQ(snapshot.FindCluster("ranking.svc", 0, ""), ClusterId{0});
}

TEST(Snapshot, UnknownClustersAreInvalid) {
  const Snapshot snapshot = WithClusters();

  EXPECT_FALSE(snapshot.FindCluster("ranking.svc", 8000, "v99").valid());
  EXPECT_FALSE(snapshot.FindCluster("ranking.svc", 9000, "").valid());
  EXPECT_FALSE(snapshot.FindCluster("nowhere.svc", 80, "").valid());
  EXPECT_FALSE(snapshot.FindCluster(std::string(5000, 'a'), 80, "").valid());
}

}  // namespace
}  // namespace sluice::core

#include "gateway/telemetry/series_registry.h"

#include <gtest/gtest.h>

#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

core::PeerLabels Version(const std::string& version) {
  core::PeerLabels labels = core::MakePeerLabels({}, nullptr, nullptr);
  labels[core::IstioLabel::kDestinationVersion] = version;
  return labels;
}

TEST(SeriesRegistry, TheSameLabelsAreTheSamePeer) {
  SeriesRegistry registry({});

  const std::uint32_t number = registry.InternPeer(Version("v45"));

  EXPECT_EQ(registry.InternPeer(Version("v45")), number);
  EXPECT_NE(registry.InternPeer(Version("v47")), number);
  EXPECT_EQ(registry.Read().peers[number]->values, Version("v45").values);
}

TEST(SeriesRegistry, BeyondTheCapEverythingIsOverflow) {
  core::Settings::Telemetry settings;
  settings.series_max = 2;
  SeriesRegistry registry(settings);
  const Scenario scenario;
  const core::Record record = scenario.NoRoute();

  const std::uint32_t one = registry.InternPeer(Version("v1"));
  const std::uint32_t two = registry.InternPeer(Version("v2"));

  EXPECT_EQ(registry.InternPeer(Version("v3")), SeriesRegistry::kOverflow);
  EXPECT_NE(registry.InternSeries(core::SeriesKey(one, record)), SeriesRegistry::kOverflow);
  EXPECT_NE(registry.InternSeries(core::SeriesKey(two, record)), SeriesRegistry::kOverflow);
  core::Record other = record;
  other.response_code = 200;
  EXPECT_EQ(registry.InternSeries(core::SeriesKey(two, other)), SeriesRegistry::kOverflow);
  EXPECT_NE(registry.InternSeries(core::SeriesKey(two, record)), SeriesRegistry::kOverflow);
}

TEST(SeriesRegistry, ExtraBucketsReachTheDurationsOnly) {
  core::Settings::Telemetry settings;
  settings.extra_buckets = {75};

  const SeriesRegistry registry(settings);

  EXPECT_EQ(registry.durations().size(), core::kStandardBounds.size() + 1);
  EXPECT_EQ(registry.seconds().size(), core::kStandardBounds.size() + 1);
  EXPECT_EQ(registry.bytes().size(), core::kStandardBounds.size());
}

}  // namespace
}  // namespace sluice::gateway

#include "gateway/telemetry/metrics_shard.h"

#include <gtest/gtest.h>

#include <thread>

#include "gateway/codec/codec.h"
#include "gateway/telemetry/prometheus_collector.h"
#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

std::uint64_t Requests(const MetricsShard& shard) {
  std::uint64_t requests = 0;
  for (std::size_t i = 0; i < shard.series().size(); ++i) requests += shard.series()[i].requests.value();
  return requests;
}

TEST(MetricsShard, OneLabelCombinationIsOneSeries) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario;

  for (int i = 0; i < 3; ++i) shard.OnExchange(scenario.Answered(scenario.v45()));
  shard.OnExchange(scenario.Answered(scenario.v45(), 503));
  shard.OnExchange(scenario.Answered(scenario.v47()));
  shard.OnExchange(scenario.NoRoute());

  ASSERT_EQ(shard.series().size(), 4u);
  EXPECT_EQ(shard.series()[0].requests.value(), 3u);
  EXPECT_EQ(shard.series()[0].duration.count(5), 3u);  // (25, 50] ms
  EXPECT_EQ(shard.series()[0].duration.sum(), 126u);
  EXPECT_EQ(shard.series()[0].request_bytes.sum(), 1'500u);
  EXPECT_EQ(shard.series()[0].response_bytes.sum(), 6'000u);
}

TEST(MetricsShard, SeriesSurviveAReload) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario before(1);
  shard.OnExchange(before.Answered(before.v45()));

  Scenario after(2);
  shard.OnExchange(after.Answered(after.v45()));
  shard.OnExchange(before.Answered(before.v45()));  // an old exchange that ends late

  ASSERT_EQ(shard.series().size(), 1u);
  EXPECT_EQ(shard.series()[0].requests.value(), 3u);
}

TEST(MetricsShard, AReusedAddressIsNotTheOldEndpoint) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario(1);
  shard.OnExchange(scenario.Answered(scenario.v45()));

  // The next generation lies at the same addresses and says something else.
  scenario.snapshot().generation = 2;
  scenario.v45().endpoints[0].version = "v46";
  shard.OnExchange(scenario.Answered(scenario.v45()));

  EXPECT_EQ(shard.series().size(), 2u);
  EXPECT_EQ(registry.Read().peers.back()->values[static_cast<std::size_t>(core::IstioLabel::kDestinationVersion)],
            "v46");
}

TEST(MetricsShard, ThousandsOfGenerationsAreForgottenNotHoarded) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario;
  for (std::uint64_t generation = 1; generation <= 70'000; ++generation) {
    scenario.snapshot().generation = generation;
    shard.OnExchange(scenario.Answered(scenario.v45()));
  }
  EXPECT_EQ(shard.series().size(), 1u);
  EXPECT_EQ(Requests(shard), 70'000u);
}

TEST(MetricsShard, BeyondTheCapNothingIsLostButTheLabels) {
  core::Settings::Telemetry settings;
  settings.series_max = 3;
  SeriesRegistry registry(settings);
  MetricsShard shard(registry);
  Scenario scenario;

  for (std::uint16_t code = 200; code < 300; ++code) {
    for (int i = 0; i < 5; ++i) shard.OnExchange(scenario.Answered(scenario.v45(), code));
  }

  EXPECT_EQ(shard.series().size(), 4u);  // three and the overflow
  EXPECT_EQ(Requests(shard), 500u);
  EXPECT_EQ(shard.series_dropped(), 485u);
}

TEST(MetricsShard, OnlyAnswersOfTheModelAreInferences) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario;
  core::Record timed_out = scenario.Answered(scenario.v45(), 504);
  timed_out.upstream_service_time = core::Duration(-1);

  shard.OnExchange(timed_out);
  shard.OnExchange(scenario.NoRoute());
  shard.OnExchange(scenario.Answered(scenario.v45()));

  EXPECT_EQ(shard.peers()[0].inference.sum(), 42'000u);  // microseconds, of the one answer
  EXPECT_EQ(shard.peers()[0].upstream_time.sum(), 40u);
}

TEST(MetricsShard, CountsRequestsByWhatBecameOfThem) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  Scenario scenario;
  core::Record no_cluster = scenario.NoRoute();
  no_cluster.flags = {};
  no_cluster.flags.Set(core::ResponseFlag::kNC);
  no_cluster.response_code = 503;
  core::Plan plan;
  plan.action = core::AnswerPlan{};
  core::Record direct = scenario.NoRoute();
  direct.flags = {};
  direct.response_code = 200;
  direct.plan = &plan;

  for (int i = 0; i < 4; ++i) shard.OnRequest();
  shard.OnExchange(scenario.NoRoute());
  shard.OnExchange(no_cluster);
  shard.OnExchange(direct);

  const DownstreamCounters& counters = shard.downstream();
  EXPECT_EQ(counters.rq_total.value(), 4u);
  EXPECT_EQ(counters.rq_active.value(), 1);
  EXPECT_EQ(counters.rq_completed.value(), 3u);
  EXPECT_EQ(counters.no_route.value(), 1u);
  EXPECT_EQ(counters.no_cluster.value(), 1u);
  EXPECT_EQ(counters.rq_direct_response.value(), 1u);
  EXPECT_EQ(counters.rq_class[1].value(), 1u);
  EXPECT_EQ(counters.rq_class[3].value(), 1u);
  EXPECT_EQ(counters.rq_class[4].value(), 1u);
}

TEST(MetricsShard, CodecTotalsArePublished) {
  SeriesRegistry registry({});
  MetricsShard shard(registry);
  CodecStats server;
  server.protocol_errors = 7;
  CodecStats client;
  client.desync = 2;

  shard.PublishCodecStats(server, client);

  EXPECT_EQ(shard.server_codec().protocol_errors.value(), 7u);
  EXPECT_EQ(shard.client_codec().desync.value(), 2u);
}

TEST(MetricsShard, AScrapeMayHappenWhileWorkersCount) {
  constexpr int kExchanges = 20'000;
  SeriesRegistry registry({});
  MetricsShard one(registry);
  MetricsShard two(registry);
  MetricsSource source;
  source.registry = &registry;
  source.shards = {&one, &two};
  const PrometheusCollector collector(source);

  const auto work = [](MetricsShard& shard) {
    Scenario scenario;
    for (int i = 0; i < kExchanges; ++i) {
      shard.OnRequest();
      shard.OnExchange(scenario.Answered(scenario.v47(), static_cast<std::uint16_t>(200 + i % 350)));
    }
  };
  std::thread first(work, std::ref(one));
  std::thread second(work, std::ref(two));
  std::size_t bytes = 0;
  for (int i = 0; i < 5; ++i) bytes += collector.Text().size();
  first.join();
  second.join();

  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(Requests(one) + Requests(two), 2u * kExchanges);
  EXPECT_EQ(registry.Read().series.size(), 351u);
}

}  // namespace
}  // namespace sluice::gateway

#include "gateway/telemetry/prometheus_collector.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "core/telemetry/istio_labels.h"
#include "gateway/codec/codec.h"
#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

class PrometheusCollectorTest : public ::testing::Test {
 protected:
  PrometheusCollectorTest() { UseSettings({}); }

  void UseSettings(const core::Settings::Telemetry& settings) {
    registry = std::make_unique<SeriesRegistry>(settings);
    one = std::make_unique<MetricsShard>(*registry);
    two = std::make_unique<MetricsShard>(*registry);
    MetricsSource source;
    source.registry = registry.get();
    source.shards = {one.get(), two.get()};
    source.access_log = &log;
    source.snapshot = [](void* self) { return static_cast<PrometheusCollectorTest*>(self)->scenario.shared(); };
    source.process = [](void*) { return ProcessFacts{.uptime_seconds = 12, .workers = 2, .reload_success = 3}; };
    source.exposures = [](void* self) { return static_cast<PrometheusCollectorTest*>(self)->exposures; };
    source.canaries = [](void* self) { return static_cast<PrometheusCollectorTest*>(self)->canaries; };
    source.self = this;
    collector = std::make_unique<PrometheusCollector>(source);
  }

  // The lines of one metric (all its samples), as they stand in the page.
  std::string Lines(const std::string& name) const {
    std::istringstream page(collector->Text());
    std::string lines;
    for (std::string line; std::getline(page, line);) {
      const char after = line.size() > name.size() ? line[name.size()] : ' ';
      if (line.starts_with(name) && (after == '{' || after == ' ')) lines += line + "\n";
    }
    return lines;
  }

  Scenario scenario;
  ExposureMetrics exposures;
  std::vector<CanaryMetrics> canaries;
  AccessLogWriter log;
  std::unique_ptr<SeriesRegistry> registry;
  std::unique_ptr<MetricsShard> one;
  std::unique_ptr<MetricsShard> two;
  std::unique_ptr<PrometheusCollector> collector;
};

TEST_F(PrometheusCollectorTest, EveryLabelStandsInItsPlace) {
  one->OnExchange(scenario.Answered(scenario.v47()));
  two->OnExchange(scenario.Answered(scenario.v47()));

  EXPECT_EQ(Lines("istio_requests_total"),
            "istio_requests_total{reporter=\"source\",source_workload=\"sluice\",source_workload_namespace=\"default\","
            "source_canonical_service=\"sluice\",source_canonical_revision=\"latest\",source_principal=\"unknown\","
            "source_app=\"unknown\",source_version=\"unknown\",source_cluster=\"Kubernetes\","
            "destination_workload=\"ranking-v47\",destination_workload_namespace=\"ml\","
            "destination_principal=\"unknown\",destination_app=\"ranking\",destination_version=\"v47\","
            "destination_service=\"ranking.ml.svc.cluster.local\",destination_canonical_service=\"ranking\","
            "destination_canonical_revision=\"v47\",destination_service_name=\"ranking\","
            "destination_service_namespace=\"ml\",destination_cluster=\"Kubernetes\",request_protocol=\"http\","
            "response_code=\"200\",grpc_response_status=\"\",response_flags=\"-\","
            "connection_security_policy=\"unknown\"} 2\n");
}

TEST_F(PrometheusCollectorTest, ThePageIsWhatTheLibraryWouldWrite) {
  one->OnExchange(scenario.Answered(scenario.v45()));
  two->OnExchange(scenario.Answered(scenario.v47(), 503));
  two->OnExchange(scenario.NoRoute());
  // Facts of the process, which stand last, differ from one look to the next.
  const auto lasting = [](const std::string& page) { return page.substr(0, page.find("# HELP envoy_server_")); };
  const std::string page = lasting(collector->Text());
  EXPECT_EQ(page, lasting(prometheus::TextSerializer().Serialize(collector->Collect())));
  EXPECT_NE(page.find("envoy_cluster_"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, ExperimentsTellUsersByArmAndWhetherTheirSharesAreRight) {
  exposures.experiments = {{.name_space = "ml",
                            .name = "ranking-v47",
                            .arms = {{"control", 801}, {"holdout", 7}},
                            .ratio_p_value = 0.0001,
                            .ratio_alarm = true}};
  exposures.dropped_by_feed = 3;

  EXPECT_EQ(Lines("sluice_experiment_exposures_total"),
            "sluice_experiment_exposures_total{namespace=\"ml\",experiment=\"ranking-v47\",arm=\"control\"} 801\n"
            "sluice_experiment_exposures_total{namespace=\"ml\",experiment=\"ranking-v47\",arm=\"holdout\"} 7\n");
  EXPECT_EQ(Lines("sluice_experiment_ratio_alarm"),
            "sluice_experiment_ratio_alarm{namespace=\"ml\",experiment=\"ranking-v47\"} 1\n");
  EXPECT_EQ(Lines("sluice_experiment_ratio_p_value"),
            "sluice_experiment_ratio_p_value{namespace=\"ml\",experiment=\"ranking-v47\"} 0.0001\n");
  EXPECT_NE(Lines("sluice_exposures_dropped_total").find("{reason=\"feed\"} 3"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, CanariesTellPhaseStageAndWeight) {
  canaries = {{.name_space = "ml",
               .name = "ranking",
               .phase = "Progressing",
               .stage = 2,
               .weight = 25,
               .rollbacks = 1,
               .promotions = 4}};

  EXPECT_NE(Lines("sluice_canary_phase").find("canary=\"ranking\",phase=\"Progressing\"} 1\n"), std::string::npos);
  EXPECT_NE(Lines("sluice_canary_phase").find("canary=\"ranking\",phase=\"Idle\"} 0\n"), std::string::npos);
  EXPECT_EQ(Lines("sluice_canary_stage"), "sluice_canary_stage{namespace=\"ml\",canary=\"ranking\"} 2\n");
  EXPECT_EQ(Lines("sluice_canary_weight"), "sluice_canary_weight{namespace=\"ml\",canary=\"ranking\"} 25\n");
  EXPECT_EQ(Lines("sluice_canary_rollbacks_total"),
            "sluice_canary_rollbacks_total{namespace=\"ml\",canary=\"ranking\"} 1\n");
  EXPECT_EQ(Lines("sluice_canary_promotions_total"),
            "sluice_canary_promotions_total{namespace=\"ml\",canary=\"ranking\"} 4\n");
}

TEST_F(PrometheusCollectorTest, NoRouteNamesNoDestination) {
  one->OnExchange(scenario.NoRoute());

  const std::string line = Lines("istio_requests_total");

  EXPECT_NE(line.find("destination_service=\"unknown\""), std::string::npos);
  EXPECT_NE(line.find("destination_cluster=\"unknown\""), std::string::npos);
  EXPECT_NE(line.find("response_code=\"404\""), std::string::npos);
  EXPECT_NE(line.find("response_flags=\"NR\""), std::string::npos);
}

TEST_F(PrometheusCollectorTest, EverySampleOfEveryRequestMetricHasEveryLabelInOrder) {
  one->OnExchange(scenario.NoRoute());
  core::Record grpc = scenario.Answered(scenario.v45());
  grpc.grpc = true;
  grpc.grpc_status = 0;
  grpc.request_messages = 3;
  grpc.response_messages = 5;
  two->OnExchange(grpc);

  int samples = 0;
  for (const MetricFamily& family : collector->Families()) {
    if (!family.name.starts_with("istio_re")) continue;
    const bool messages = family.name.ends_with("messages_total");
    for (const MetricSample& sample : family.samples) {
      ASSERT_EQ(sample.labels.size(), messages ? core::kPeerLabelCount : core::kIstioLabelCount) << family.name;
      for (std::size_t i = 0; i < sample.labels.size(); ++i) {
        EXPECT_EQ(sample.labels[i].first, core::kIstioLabelNames[i]);
        EXPECT_TRUE(!sample.labels[i].second.empty() || sample.labels[i].first == "grpc_response_status");
      }
      ++samples;
    }
  }
  EXPECT_EQ(samples, 2 * 4 + 2);
  EXPECT_NE(Lines("istio_response_messages_total").find("} 5\n"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, MessagesOfACallThatStillRunsAreCountedOnce) {
  core::Record running = scenario.Answered(scenario.v45());
  running.request_messages = 3;
  running.response_messages = 1;
  one->OnMessages(running);
  EXPECT_NE(Lines("istio_request_messages_total").find("} 3\n"), std::string::npos);
  EXPECT_EQ(Lines("istio_requests_total"), "");

  core::Record last = scenario.Answered(scenario.v45(), 503);
  last.grpc = true;
  last.request_messages = 1;
  one->OnExchange(last);
  two->OnExchange(last);

  EXPECT_NE(Lines("istio_request_messages_total").find("} 5\n"), std::string::npos);
  EXPECT_NE(Lines("istio_response_messages_total").find("} 1\n"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, ACallWithoutMessagesHasItsSampleAndOtherRequestsHaveNone) {
  one->OnExchange(scenario.Answered(scenario.v47()));
  EXPECT_EQ(Lines("istio_request_messages_total"), "");

  core::Record grpc = scenario.Answered(scenario.v45(), 503);
  grpc.grpc = true;
  one->OnExchange(grpc);

  EXPECT_NE(Lines("istio_request_messages_total").find("} 0\n"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, DurationsFallIntoEnvoysBuckets) {
  one->OnExchange(scenario.Answered(scenario.v47()));

  const std::string buckets = Lines("istio_request_duration_milliseconds_bucket");

  EXPECT_EQ(std::count(buckets.begin(), buckets.end(), '\n'), 20);
  EXPECT_NE(buckets.find("le=\"0.5\"} 0"), std::string::npos);
  EXPECT_NE(buckets.find("le=\"25\"} 0"), std::string::npos);
  EXPECT_NE(buckets.find("le=\"50\"} 1"), std::string::npos);
  EXPECT_NE(buckets.find("le=\"+Inf\"} 1"), std::string::npos);
  EXPECT_NE(Lines("istio_request_duration_milliseconds_sum").find("} 42\n"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, InferenceLatencyIsInSecondsByModelVersion) {
  one->OnExchange(scenario.Answered(scenario.v45()));
  two->OnExchange(scenario.Answered(scenario.v47()));
  two->OnExchange(scenario.Answered(scenario.v47()));

  EXPECT_EQ(Lines("inference_latency_seconds_count"),
            "inference_latency_seconds_count{model_version=\"v45\"} 1\n"
            "inference_latency_seconds_count{model_version=\"v47\"} 2\n");
  EXPECT_NE(Lines("inference_latency_seconds_bucket").find("{model_version=\"v47\",le=\"0.05\"} 2"), std::string::npos);
  EXPECT_NE(Lines("inference_latency_seconds_sum").find("{model_version=\"v47\"} 0.084"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, SubsetsThatShareLabelsAddUp) {
  // The whole service and its subset lead to the same endpoint: one exported series.
  scenario.v45().endpoints[0] = scenario.v47().endpoints[0];
  one->OnExchange(scenario.Answered(scenario.v45()));
  one->OnExchange(scenario.Answered(scenario.v47()));

  const std::string lines = Lines("istio_requests_total");

  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
  EXPECT_TRUE(lines.ends_with("} 2\n"));
  EXPECT_EQ(Lines("envoy_cluster_upstream_rq"),
            "envoy_cluster_upstream_rq{envoy_cluster_name=\"outbound|8000|v45|ranking.ml.svc.cluster.local\","
            "envoy_response_code=\"200\"} 1\n"
            "envoy_cluster_upstream_rq{envoy_cluster_name=\"outbound|8000|v47|ranking.ml.svc.cluster.local\","
            "envoy_response_code=\"200\"} 1\n");
}

TEST_F(PrometheusCollectorTest, BothReportersAreTwoSeries) {
  scenario.snapshot().settings.telemetry.reporter = core::Settings::Telemetry::Reporter::kBoth;
  core::Record secure = scenario.Answered(scenario.v47());
  secure.mutual_tls = true;
  one->OnExchange(secure);
  one->OnExchange(scenario.Answered(scenario.v47()));

  const std::string lines = Lines("istio_requests_total");

  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_NE(lines.find("connection_security_policy=\"unknown\"} 2"), std::string::npos);
  EXPECT_NE(lines.find("connection_security_policy=\"none\"} 1"), std::string::npos);
  EXPECT_NE(lines.find("connection_security_policy=\"mutual_tls\"} 1"), std::string::npos);
}

TEST_F(PrometheusCollectorTest, OverflowIsOneSeriesAndCounted) {
  core::Settings::Telemetry settings;
  settings.series_max = 1;
  UseSettings(settings);
  one->OnExchange(scenario.Answered(scenario.v45()));
  one->OnExchange(scenario.Answered(scenario.v47()));
  two->OnExchange(scenario.Answered(scenario.v47(), 500));

  EXPECT_NE(Lines("istio_requests_total").find("response_code=\"overflow\""), std::string::npos);
  EXPECT_EQ(Lines("sluice_series_dropped_total"), "sluice_series_dropped_total 2\n");
}

TEST_F(PrometheusCollectorTest, ClustersTellTheirLiveState) {
  core::Cluster& cluster = scenario.v47();
  cluster.pool.max_connections = 2;
  cluster.state->connections.Acquire();
  cluster.state->connections.Acquire();
  cluster.state->counters.upstream_rq_retry = 5;
  cluster.state->counters.mirror_total = 9;
  cluster.state->counters.upstream_rq_class[4] = 4;
  cluster.endpoints[0].state->ejected = true;

  const std::string v47 = "{envoy_cluster_name=\"outbound|8000|v47|ranking.ml.svc.cluster.local\"} ";
  EXPECT_NE(Lines("envoy_cluster_upstream_cx_active").find(v47 + "2\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_circuit_breakers_default_cx_open").find(v47 + "1\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_upstream_rq_retry").find(v47 + "5\n"), std::string::npos);
  EXPECT_NE(Lines("sluice_mirror_requests_total").find(v47 + "9\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_membership_healthy").find(v47 + "0\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_membership_total").find(v47 + "1\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_outlier_detection_ejections_active").find(v47 + "1\n"), std::string::npos);
  EXPECT_NE(Lines("envoy_cluster_upstream_rq_xx")
                .find("{envoy_response_code_class=\"5\",envoy_cluster_name="
                      "\"outbound|8000|v47|ranking.ml.svc.cluster.local\"} 4\n"),
            std::string::npos);
}

TEST_F(PrometheusCollectorTest, WhatACodecCountsIsThereUnderItsNameForEachSide) {
  const std::pair<const char*, std::uint64_t CodecStats::*> counters[] = {
      {"protocol_errors", &CodecStats::protocol_errors},
      {"headers_too_large", &CodecStats::headers_too_large},
      {"body_too_large", &CodecStats::body_too_large},
      {"interim_overflow", &CodecStats::interim_overflow},
      {"trailers_dropped", &CodecStats::trailers_dropped},
      {"desync", &CodecStats::desync},
      {"reset_flood", &CodecStats::reset_flood},
      {"glitch_flood", &CodecStats::glitch_flood},
      {"ping_flood", &CodecStats::ping_flood},
      {"settings_flood", &CodecStats::settings_flood},
      {"priority_flood", &CodecStats::priority_flood},
      {"window_update_flood", &CodecStats::window_update_flood},
      {"empty_frame_flood", &CodecStats::empty_frame_flood},
      {"continuation_flood", &CodecStats::continuation_flood},
      {"control_flood", &CodecStats::control_flood},
      {"unread_reset", &CodecStats::unread_reset},
  };
  CodecStats server;
  CodecStats client;
  std::uint64_t number = 10;
  for (const auto& [name, counter] : counters) {
    server.*counter = number++;
    client.*counter = number++;
  }

  one->PublishCodecStats(server, {});
  two->PublishCodecStats({}, client);

  number = 10;
  for (const auto& [name, counter] : counters) {
    const std::string family = "sluice_codec_" + std::string(name) + "_total";
    const std::string expected = family + "{side=\"downstream\"} " + std::to_string(number) + "\n" + family +
                                 "{side=\"upstream\"} " + std::to_string(number + 1) + "\n";
    EXPECT_EQ(Lines(family), expected);
    number += 2;
  }
}

TEST_F(PrometheusCollectorTest, TheProcessAndItsConfigurationAreThere) {
  one->OnRequest();

  EXPECT_EQ(Lines("istio_build"), "istio_build{component=\"proxy\",tag=\"" SLUICE_VERSION "\"} 1\n");
  EXPECT_EQ(Lines("sluice_config_generation"), "sluice_config_generation 1\n");
  EXPECT_EQ(Lines("sluice_config_reload_success_total"), "sluice_config_reload_success_total 3\n");
  EXPECT_EQ(Lines("sluice_config_reload_failed_total"), "sluice_config_reload_failed_total 0\n");
  EXPECT_EQ(Lines("sluice_config_last_ok"), "sluice_config_last_ok 1\n");
  EXPECT_EQ(Lines("envoy_server_concurrency"), "envoy_server_concurrency 2\n");
  EXPECT_EQ(Lines("envoy_http_downstream_rq_active"),
            "envoy_http_downstream_rq_active{envoy_http_conn_manager_prefix=\"ingress_http\"} 1\n");
}

TEST_F(PrometheusCollectorTest, PromtoolFindsNothingButTheUnitInIstiosOwnName) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  core::Record grpc = scenario.Answered(scenario.v45(), 503);
  grpc.grpc = true;
  one->OnExchange(grpc);
  two->OnExchange(scenario.NoRoute());
  const std::filesystem::path page = std::filesystem::path(::testing::TempDir()) / "sluice_metrics_page.prom";
  std::ofstream(page) << collector->Text();

  std::FILE* tool = ::popen(("promtool check metrics < " + page.string() + " 2>&1").c_str(), "r");
  ASSERT_NE(tool, nullptr);
  std::string said;
  for (char buffer[512]; std::fgets(buffer, sizeof buffer, tool) != nullptr;) said += buffer;
  ::pclose(tool);
  std::filesystem::remove(page);

  // Istio fixed this name, dashboards ask for it, and promtool would rather have seconds.
  EXPECT_EQ(said, "istio_request_duration_milliseconds use base unit \"seconds\" instead of \"milliseconds\"\n");
}

}  // namespace
}  // namespace sluice::gateway

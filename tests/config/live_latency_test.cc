// perTryTimeout beside the latencies that a gateway has measured.
#include "config/live_latency.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

std::string Bucket(const std::string& version, const std::string& bound, int count) {
  return "istio_request_duration_milliseconds_bucket{reporter=\"source\",destination_version=\"" + version +
         "\",destination_service=\"ranking.default.svc.cluster.local\",destination_service_name=\"ranking\",le=\"" +
         bound + "\"} " + std::to_string(count) + "\n";
}

// 1,000 requests, 1 % of them beyond 100 ms.
const std::string kMetrics = "# TYPE istio_request_duration_milliseconds histogram\n" + Bucket("v1", "50", 400) +
                             Bucket("v1", "100", 490) + Bucket("v1", "+Inf", 500) + Bucket("v2", "50", 400) +
                             Bucket("v2", "100", 500) + Bucket("v2", "+Inf", 500) +
                             "istio_request_duration_milliseconds_sum{destination_service=\"x\"} 5\nother 1\n{broken";

std::vector<Finding> Told(const std::string& per_try, const std::string& metrics) {
  const Loaded loaded =
      LoadText(WithRules("  - route: [{destination: {host: ranking, subset: v1}}]\n    timeout: 1s\n"
                         "    retries: {attempts: 1, retryOn: 5xx, perTryTimeout: " +
                         per_try + "}\n"));
  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  std::vector<Finding> findings;
  CompareWithLatency(*loaded.documents, metrics, findings);
  return findings;
}

TEST(LiveLatency, SeriesOfOneServiceAreOneDistribution) {
  const auto latencies = ReadLatencies(kMetrics);

  ASSERT_EQ(latencies.size(), 1U);
  const LiveLatency& latency = latencies.at("ranking.default.svc.cluster.local");
  EXPECT_EQ(latency.requests, 1000);
  EXPECT_NEAR(latency.p99_ms, 100, 0.1);
}

TEST(LiveLatency, AQuantileBeyondTheLastBoundIsThatBound) {
  const auto latencies = ReadLatencies(Bucket("v1", "50", 1) + Bucket("v1", "+Inf", 500));

  EXPECT_EQ(latencies.begin()->second.p99_ms, 50);
}

TEST(LiveLatency, APerTryTimeoutWithinTheP99IsTold) {
  const std::vector<Finding> findings = Told("80ms", kMetrics);

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "SL2048");
  EXPECT_EQ(findings[0].place.mark.line, 30U);
  EXPECT_NE(findings[0].message.find("perTryTimeout 80ms is not above the live p99"), std::string::npos)
      << findings[0].message;
  EXPECT_NE(findings[0].message.find("about 100ms over 1000 requests"), std::string::npos) << findings[0].message;
}

TEST(LiveLatency, APerTryTimeoutAboveTheP99IsFine) { EXPECT_TRUE(Told("150ms", kMetrics).empty()); }

TEST(LiveLatency, TooFewRequestsAreSaid) {
  const std::vector<Finding> findings = Told("80ms", Bucket("v1", "+Inf", 5));

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "SL2049");
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
}

}  // namespace
}  // namespace sluice::config

#include "core/canary/prometheus_address.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(PrometheusAddress, HasHostPortAndPrefix) {
  const auto plain = ParsePrometheusAddress("http://prometheus:9090");
  const auto prefixed = ParsePrometheusAddress("HTTP://metrics.monitoring.svc/prometheus/eu/");
  const auto v6 = ParsePrometheusAddress("http://[::1]:9090/");

  ASSERT_TRUE(plain && prefixed && v6);
  EXPECT_EQ(plain->host, "prometheus");
  EXPECT_EQ(plain->port, "9090");
  EXPECT_EQ(plain->prefix, "");
  EXPECT_EQ(plain->Authority(), "prometheus:9090");
  EXPECT_EQ(prefixed->host, "metrics.monitoring.svc");
  EXPECT_EQ(prefixed->port, "80");
  EXPECT_EQ(prefixed->prefix, "/prometheus/eu");
  EXPECT_EQ(prefixed->Authority(), "metrics.monitoring.svc");
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->prefix, "");
  EXPECT_EQ(v6->Authority(), "[::1]:9090");
}

TEST(PrometheusAddress, EverythingElseIsRefusedWithACure) {
  for (const char* wrong : {"",
                            "prometheus:9090",
                            "https://prometheus:9090",
                            "http://",
                            "http://:9090",
                            "http://a:",
                            "http://a:0",
                            "http://a:65536",
                            "http://a:90 90",
                            "http://user:word@a:9090",
                            "http://a/?query=up",
                            "http://a?x",
                            "http://a#x",
                            "http://a b",
                            "http://a/x y",
                            "http://a/\r\nx: y",
                            "http://[::1",
                            "http://[]:1",
                            "http://[a]:1",
                            "http://[::1]x"}) {
    const auto parsed = ParsePrometheusAddress(wrong);

    ASSERT_FALSE(parsed.has_value()) << wrong;
    EXPECT_FALSE(parsed.error().cause.empty()) << wrong;
    EXPECT_FALSE(parsed.error().cure.empty()) << wrong;
  }
  EXPECT_FALSE(ParsePrometheusAddress("http://" + std::string(kPrometheusAddressMax, 'a')).has_value());
}

TEST(PrometheusAddress, HttpsIsToldHowElseToReachIt) {
  const auto parsed = ParsePrometheusAddress("https://prometheus");

  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().cure, "reach it by http:// inside the cluster, or through a local proxy that speaks TLS");
}

}  // namespace
}  // namespace sluice::core

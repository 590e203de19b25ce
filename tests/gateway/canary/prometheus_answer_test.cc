#include "gateway/canary/prometheus_answer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace sluice::gateway {
namespace {

std::string Success(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

TEST(PrometheusAnswer, AVectorHasASampleForEachSeries) {
  const auto samples = ParsePrometheusAnswer(Success(
      "vector", R"([{"metric":{"version":"v47","le":"1"},"value":[1.5,"0.25"]},{"metric":{},"value":[1.5,"3e-05"]}])"));

  ASSERT_TRUE(samples.has_value());
  ASSERT_EQ(samples->size(), 2U);
  EXPECT_EQ((*samples)[0].value, 0.25);
  EXPECT_EQ((*samples)[0].labels, R"({le="1",version="v47"})");
  EXPECT_EQ((*samples)[1].value, 3e-05);
  EXPECT_EQ((*samples)[1].labels, "");
}

TEST(PrometheusAnswer, AnEmptyVectorIsNoError) {
  const auto samples = ParsePrometheusAnswer(Success("vector", "[]"));

  ASSERT_TRUE(samples.has_value());
  EXPECT_TRUE(samples->empty());
}

TEST(PrometheusAnswer, AScalarIsASample) {
  const auto samples = ParsePrometheusAnswer(Success("scalar", R"([1700000000,"42"])"));

  ASSERT_TRUE(samples.has_value());
  EXPECT_EQ(samples->at(0).value, 42);
}

TEST(PrometheusAnswer, NumbersThatAreNoneAreToldAsTheyAre) {
  const auto samples = ParsePrometheusAnswer(
      Success("vector", R"([{"value":[1,"NaN"]},{"value":[1,"+Inf"]},{"value":[1,"-Inf"]},{"value":[1,"-2"]}])"));

  ASSERT_TRUE(samples.has_value());
  EXPECT_TRUE(std::isnan(samples->at(0).value));
  EXPECT_EQ(samples->at(1).value, INFINITY);
  EXPECT_EQ(samples->at(2).value, -INFINITY);
  EXPECT_EQ(samples->at(3).value, -2);
}

TEST(PrometheusAnswer, WhatPrometheusSaysIsPassedOn) {
  const auto samples = ParsePrometheusAnswer(
      R"({"status":"error","errorType":"bad_data","error":"1:5: parse error:\nunexpected \"}\""})");

  ASSERT_FALSE(samples.has_value());
  EXPECT_EQ(samples.error().code, core::ErrorCode::kUnavailable);
  EXPECT_EQ(samples.error().cause, "Prometheus says bad_data: 1:5: parse error: unexpected \"}\"");
}

TEST(PrometheusAnswer, ResultsThatHaveNoBoundsAreErrorsWithACure) {
  for (const std::string& body :
       {Success("matrix", R"([{"metric":{},"values":[[1,"2"]]}])"), Success("string", R"([1,"text"])"),
        Success("vector", R"([{"metric":{},"histogram":[1,{}]}])")}) {
    const auto samples = ParsePrometheusAnswer(body);

    ASSERT_FALSE(samples.has_value()) << body;
    EXPECT_NE(samples.error().cause.find("the query gives"), std::string::npos) << body;
    EXPECT_FALSE(samples.error().cure.empty()) << body;
  }
}

TEST(PrometheusAnswer, GarbageIsNoAnswer) {
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string("[]"), std::string("null"), std::string("{}"),
        std::string(R"({"status":7})"), std::string(R"({"status":"success"})"),
        std::string(R"({"status":"success","data":[]})"), Success("vector", "{}"), Success("vector", "[1]"),
        Success("vector", R"([{"value":[1]}])"), Success("vector", R"([{"value":[1,2]}])"),
        Success("vector", R"([{"value":[1,"two"]}])"), Success("vector", R"([{"value":[1,"1 "]}])"),
        Success("scalar", "1"), Success("scalar", R"([1,""])"), std::string("\xff\xfe{}"), std::string(1000, '['),
        std::string(R"({"status":"success","data":{"resultType":"vector"}})")}) {
    const auto samples = ParsePrometheusAnswer(body);

    ASSERT_FALSE(samples.has_value()) << body;
    EXPECT_TRUE(samples.error().cause.starts_with("this is no answer of Prometheus")) << body;
  }
}

TEST(PrometheusAnswer, NestingIsNoWayToTheStack) {
  EXPECT_FALSE(ParsePrometheusAnswer(std::string(1 << 20, '[')).has_value());
  EXPECT_FALSE(ParsePrometheusAnswer(std::string(1 << 19, '[') + std::string(1 << 19, ']')).has_value());
}

TEST(PrometheusAnswer, MoreSamplesThanTheLimitAreRefused) {
  const auto list = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += std::string(i == 0 ? "" : ",") + R"({"value":[1,"2"]})";
    return Success("vector", "[" + text + "]");
  };

  EXPECT_TRUE(ParsePrometheusAnswer(list(kPrometheusSamplesMax)).has_value());
  EXPECT_EQ(ParsePrometheusAnswer(list(kPrometheusSamplesMax + 1)).error().code, core::ErrorCode::kLimitExceeded);
}

TEST(PrometheusAnswer, TextFromOutsideStaysShortAndOnOneLine) {
  EXPECT_EQ(ShortText("a\r\n\x1b[1mb", 100), "a   [1mb");
  EXPECT_EQ(ShortText("abcdef", 3), "abc...");
  EXPECT_EQ(ShortText("ab\xC3\xBC", 3), "ab...");  // no half of an umlaut
  EXPECT_EQ(ShortText("ab\xC3\xBC", 4), "ab\xC3\xBC");
}

}  // namespace
}  // namespace sluice::gateway

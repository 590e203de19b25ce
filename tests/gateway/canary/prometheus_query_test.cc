#include "gateway/canary/prometheus_query.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/gateway/canary/scripted_prometheus.h"

namespace sluice::gateway {
namespace {

using Samples = core::Result<std::vector<PrometheusSample>>;

class PrometheusQueryTest : public testing::Test {
 protected:
  void Ask(const std::string& address, const std::string& query = "up", core::Duration timeout = core::Seconds(5)) {
    query_.Start(address, query, timeout, {&PrometheusQueryTest::OnDone, this});
    EXPECT_TRUE(query_.running());
    EXPECT_EQ(times_, 0) << "called from within Start";
  }
  std::string CauseOf(const std::string& address, core::Duration timeout = core::Seconds(5)) {
    Ask(address, "up", timeout);
    if (!server_.Until([&] { return said_.has_value(); })) return "it never ended";
    return said_->has_value() ? "none" : said_->error().cause;
  }

  static void OnDone(void* self, Samples samples) {
    auto* test = static_cast<PrometheusQueryTest*>(self);
    EXPECT_FALSE(test->query_.running());
    test->said_ = std::move(samples);
    ++test->times_;
  }

  boost::asio::io_context context_;
  ScriptedPrometheus server_{context_};
  PrometheusQuery query_{context_};
  std::optional<Samples> said_;
  int times_ = 0;
};

TEST_F(PrometheusQueryTest, AsksTheInstantApiAndReadsTheAnswer) {
  server_.AnswerValue("0.25");

  Ask(server_.Address() + "/prometheus/", "sum(rate(x{a=\"b c\"}[5m])) > 0 + 1 & \xC3\xBC", core::Seconds(3));
  ASSERT_TRUE(server_.Until([&] { return said_.has_value(); }));

  ASSERT_TRUE(said_->has_value()) << said_->error().Text();
  EXPECT_EQ((**said_).at(0).value, 0.25);
  EXPECT_TRUE(server_.requests().at(0).starts_with(
      "GET "
      "/prometheus/api/v1/query?query=sum%28rate%28x%7Ba%3D%22b%20c%22%7D%5B5m%5D%29%29%20%3E%200%20%2B%201%20%26%20"
      "%C3%BC&timeout=3000ms HTTP/1.1\r\n"))
      << server_.requests().at(0);
  EXPECT_NE(server_.requests().at(0).find("Host: " + server_.Address().substr(7) + "\r\n"), std::string::npos);
}

TEST_F(PrometheusQueryTest, CanBeAskedAgain) {
  for (const char* value : {"1", "2", "3"}) {
    said_.reset();
    times_ = 0;
    server_.AnswerValue(value);
    Ask(server_.Address());
    ASSERT_TRUE(server_.Until([&] { return said_.has_value(); }));
    EXPECT_EQ((**said_).at(0).value, std::stod(value));
    EXPECT_EQ(times_, 1);
  }
}

TEST_F(PrometheusQueryTest, ANameIsLookedUp) {
  server_.AnswerValue("1");

  Ask("http://localhost" + server_.Address().substr(std::string("http://127.0.0.1").size()));

  ASSERT_TRUE(server_.Until([&] { return said_.has_value(); }));
  EXPECT_TRUE(said_->has_value()) << said_->error().Text();
}

TEST_F(PrometheusQueryTest, ChunksAreAnAnswerToo) {
  const std::string body = VectorOf("7");
  server_.Answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n" + body.substr(0, 5) + "\r\n" + "40\r\n" +
                 body.substr(5, 64) + "\r\n" +
                 [&] {
                   std::string rest = body.substr(69);
                   constexpr const char* kDigits = "0123456789abcdef";
                   return std::string{kDigits[rest.size() / 16], kDigits[rest.size() % 16]} + "\r\n" + rest;
                 }() +
                 "\r\n0\r\n\r\n");

  EXPECT_EQ(CauseOf(server_.Address()), "none");
}

TEST_F(PrometheusQueryTest, WhatPrometheusSaysOfABadQueryIsPassedOn) {
  server_.Answer(
      HttpAnswer("400 Bad Request", R"({"status":"error","errorType":"bad_data","error":"unclosed left brace"})"));

  EXPECT_EQ(CauseOf(server_.Address()), "Prometheus says bad_data: unclosed left brace");
}

TEST_F(PrometheusQueryTest, AnotherStatusIsAnError) {
  server_.Answer(HttpAnswer("503 Service Unavailable", "starting"));

  EXPECT_TRUE(CauseOf(server_.Address()).ends_with(": answered 503"));
}

TEST_F(PrometheusQueryTest, ASuccessWithAnotherStatusIsAnError) {
  server_.Answer(HttpAnswer("302 Found", VectorOf("1")));

  EXPECT_TRUE(CauseOf(server_.Address()).ends_with(": answered 302"));
}

TEST_F(PrometheusQueryTest, GarbageIsAnError) {
  server_.Answer(HttpAnswer("200 OK", "<html>hello</html>"));

  EXPECT_EQ(CauseOf(server_.Address()), "this is no answer of Prometheus: it is no JSON");
}

TEST_F(PrometheusQueryTest, AnotherProtocolIsAnError) {
  server_.Answer("SSH-2.0-OpenSSH_9.2\r\n\r\n");

  EXPECT_NE(CauseOf(server_.Address()), "none");
  EXPECT_FALSE(said_->has_value());
}

TEST_F(PrometheusQueryTest, AConnectionThatEndsInTheMiddleIsAnError) {
  server_.Answer(HttpAnswer("200 OK", VectorOf("1")).substr(0, 120));
  server_.CloseAfterAnswer();

  EXPECT_TRUE(CauseOf(server_.Address()).starts_with("127.0.0.1:"));
}

TEST_F(PrometheusQueryTest, AHugeAnswerIsGivenUp) {
  server_.Answer(HttpAnswer("200 OK", std::string(PrometheusQuery::kAnswerMax + 1, ' ')));

  EXPECT_EQ(CauseOf(server_.Address()), "the answer is longer than 1048576 bytes");
}

TEST_F(PrometheusQueryTest, AHugeAnswerWithoutALengthIsGivenUp) {
  server_.Answer("HTTP/1.1 200 OK\r\n\r\n" + std::string(PrometheusQuery::kAnswerMax + 70'000, ' '));

  EXPECT_EQ(CauseOf(server_.Address()), "the answer is longer than 1048576 bytes");
}

TEST_F(PrometheusQueryTest, AHeadWithoutAnEndIsGivenUp) {
  server_.Answer("HTTP/1.1 200 OK\r\nx: " + std::string(100'000, 'x'));

  EXPECT_TRUE(CauseOf(server_.Address()).starts_with("127.0.0.1:"));
}

TEST_F(PrometheusQueryTest, ARefusedConnectionIsAnError) {
  server_.StopListening();

  EXPECT_TRUE(CauseOf(server_.Address()).ends_with("Connection refused"));
}

TEST_F(PrometheusQueryTest, SilenceEndsWithTheTimeout) {
  EXPECT_TRUE(CauseOf(server_.Address(), core::Milliseconds(30)).ends_with(": no answer within 30ms"));
}

TEST_F(PrometheusQueryTest, AnAnswerThatNeverEndsEndsWithTheTimeout) {
  server_.Answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":");

  EXPECT_TRUE(CauseOf(server_.Address(), core::Milliseconds(50)).ends_with(": no answer within 50ms"));
}

TEST_F(PrometheusQueryTest, ANameThatNobodyKnowsEndsInTime) {
  EXPECT_TRUE(
      CauseOf("http://prometheus.invalid:9090", core::Milliseconds(200)).starts_with("prometheus.invalid:9090: "));
}

TEST_F(PrometheusQueryTest, AWrongAddressIsAnErrorAndNoCallFromWithin) {
  EXPECT_EQ(CauseOf("https://prometheus"), "Prometheus is asked in plain HTTP only");
}

TEST_F(PrometheusQueryTest, ACancelledQueryCallsNobody) {
  server_.AnswerValue("1");
  Ask(server_.Address());
  query_.Cancel();
  EXPECT_FALSE(query_.running());

  Ask(server_.Address());  // another one can begin at once
  ASSERT_TRUE(server_.Until([&] { return said_.has_value(); }));

  EXPECT_EQ(times_, 1);
}

TEST_F(PrometheusQueryTest, MayBeDestroyedAtEveryStep) {
  server_.AnswerValue("1");
  for (int turns = 0; turns < 12; ++turns) {
    auto query = std::make_optional<PrometheusQuery>(context_);
    bool called = false;
    query->Start(server_.Address(), "up", core::Seconds(5),
                 {[](void* self, Samples) { *static_cast<bool*>(self) = true; }, &called});
    server_.Turn(turns);
    const bool before = called;
    query.reset();
    server_.Turn(12);
    EXPECT_EQ(called, before);
  }
}

}  // namespace
}  // namespace sluice::gateway

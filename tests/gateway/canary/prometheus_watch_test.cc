#include "gateway/canary/prometheus_watch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/gateway/canary/scripted_prometheus.h"

namespace sluice::gateway {
namespace {

using State = core::PrometheusReading::State;

class PrometheusWatchTest : public testing::Test {
 protected:
  core::PrometheusGate Gate() const {
    core::PrometheusGate gate;
    gate.name = "p99";
    gate.address = server_.Address();
    gate.query = "up";
    gate.max = 0.2;
    return gate;
  }
  void Watch(const core::PrometheusGate& gate) { watch_.emplace(context_, std::vector{gate}); }

  // At the next interval; waits for the answer.
  const core::PrometheusReading& Next() {
    now_ += core::Seconds(15);
    const std::size_t asked = server_.requests().size();
    watch_->Tick(now_);
    const core::PrometheusReading before = reading();
    EXPECT_TRUE(server_.Until([&] { return server_.requests().size() > asked; }));
    int turns = 0;
    server_.Until([&] { return reading().state != before.state || reading().text != before.text || ++turns > 30; });
    return reading();
  }
  const core::PrometheusReading& reading() const { return watch_->readings()[0]; }

  boost::asio::io_context context_;
  ScriptedPrometheus server_{context_};
  std::optional<PrometheusWatch> watch_;
  core::TimePoint now_{core::Seconds(1000)};
};

TEST_F(PrometheusWatchTest, SaysNothingBeforeItHasAsked) {
  Watch(Gate());

  ASSERT_EQ(watch_->readings().size(), 1U);
  EXPECT_EQ(reading().state, State::kNone);
}

TEST_F(PrometheusWatchTest, AsksAtOnceAndThenAtItsInterval) {
  Watch(Gate());
  server_.AnswerValue("0.1");

  watch_->Tick(now_);
  ASSERT_TRUE(server_.Until([&] { return reading().state == State::kFine; }));
  watch_->Tick(now_ + core::Milliseconds(14'999));
  server_.Turn(50);
  EXPECT_EQ(server_.requests().size(), 1U);
  watch_->Tick(now_ + core::Seconds(15));

  EXPECT_TRUE(server_.Until([&] { return server_.requests().size() == 2; }));
  EXPECT_EQ(reading().value, 0.1);
  EXPECT_EQ(reading().text, "0.1");
}

TEST_F(PrometheusWatchTest, AQueryThatIsUnderWayIsWaitedFor) {
  Watch(Gate());  // that answers nothing

  for (int i = 0; i < 5; ++i) watch_->Tick(now_ + core::Seconds(15 * i));
  server_.Turn(50);

  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(PrometheusWatchTest, OneBadAnswerIsNoneTooManyButTwoInARowAre) {
  Watch(Gate());
  server_.AnswerValue("0.31");

  EXPECT_EQ(Next().state, State::kBad);
  EXPECT_EQ(reading().text, "0.31 > 0.2");
  server_.AnswerValue("0.1");
  EXPECT_EQ(Next().state, State::kFine);
  server_.AnswerValue("0.31");
  EXPECT_EQ(Next().state, State::kBad);
  server_.AnswerValue("0.32");
  EXPECT_EQ(Next().state, State::kBroken);
  EXPECT_EQ(reading().value, 0.32);
}

TEST_F(PrometheusWatchTest, AnAnswerWithoutDataDoesNotEndTheRow) {
  Watch(Gate());
  server_.AnswerValue("0.31");
  Next();
  server_.AnswerValue("NaN");
  EXPECT_EQ(Next().state, State::kNoData);

  server_.AnswerValue("0.33");

  EXPECT_EQ(Next().state, State::kBroken);
}

TEST_F(PrometheusWatchTest, TheWorstSampleDecides) {
  core::PrometheusGate gate = Gate();
  gate.min = -1;
  Watch(gate);
  server_.Answer(HttpAnswer(
      "200 OK",
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"v":"a"},"value":[1,"0.1"]},)"
      R"({"metric":{"v":"b"},"value":[1,"-3"]},{"metric":{"v":"c"},"value":[1,"0.25"]},{"metric":{},"value":[1,"NaN"]}]}})"));

  EXPECT_EQ(Next().state, State::kBad);
  EXPECT_EQ(reading().text, "-3 < -1 {v=\"b\"}");
  EXPECT_EQ(reading().value, -3);
}

TEST_F(PrometheusWatchTest, ABoundItselfIsFine) {
  core::PrometheusGate gate = Gate();
  gate.min = 0.2;
  Watch(gate);
  server_.AnswerValue("0.2");

  EXPECT_EQ(Next().state, State::kFine);
}

TEST_F(PrometheusWatchTest, InfinityBeyondABoundIsBadAndOtherwiseNoData) {
  Watch(Gate());
  server_.AnswerValue("+Inf");
  EXPECT_EQ(Next().state, State::kBad);
  EXPECT_EQ(reading().text, "inf > 0.2");

  server_.AnswerValue("-Inf");

  EXPECT_EQ(Next().state, State::kNoData);
  EXPECT_EQ(reading().text, "-inf is no number");
}

TEST_F(PrometheusWatchTest, NoSampleIsNoData) {
  Watch(Gate());
  server_.Answer(HttpAnswer("200 OK", R"({"status":"success","data":{"resultType":"vector","result":[]}})"));

  EXPECT_EQ(Next().state, State::kNoData);
  EXPECT_EQ(reading().text, "no sample");
}

TEST_F(PrometheusWatchTest, AnErrorIsNoDataAndSaysWhich) {
  Watch(Gate());
  server_.Answer(HttpAnswer("422 Unprocessable Entity",
                            R"({"status":"error","errorType":"execution","error":"many-to-many matching"})"));

  EXPECT_EQ(Next().state, State::kNoData);
  EXPECT_EQ(reading().text, "Prometheus says execution: many-to-many matching");
}

TEST_F(PrometheusWatchTest, SilenceIsNoData) {
  core::PrometheusGate gate = Gate();
  gate.timeout = core::Milliseconds(20);
  Watch(gate);

  watch_->Tick(now_);

  ASSERT_TRUE(server_.Until([&] { return reading().state == State::kNoData; }));
  EXPECT_TRUE(reading().text.ends_with("no answer within 20ms")) << reading().text;
}

TEST_F(PrometheusWatchTest, ANewStageForgetsWhatWasSaid) {
  Watch(Gate());
  server_.AnswerValue("0.31");
  Next();

  watch_->Reset();

  EXPECT_EQ(reading().state, State::kNone);
  EXPECT_EQ(Next().state, State::kBad);  // and not the second in a row
}

TEST_F(PrometheusWatchTest, ANewStageForgetsWhatIsStillToCome) {
  Watch(Gate());
  server_.AnswerValue("0.31");
  watch_->Tick(now_);
  watch_->Reset();

  server_.Turn(50);

  EXPECT_EQ(reading().state, State::kNone);
}

TEST_F(PrometheusWatchTest, EachGateHasItsOwnReading) {
  core::PrometheusGate other = Gate();
  other.address = "http://127.0.0.1:1";
  watch_.emplace(context_, std::vector{Gate(), other});
  server_.AnswerValue("0.1");

  watch_->Tick(now_);

  ASSERT_TRUE(server_.Until(
      [&] { return watch_->readings()[0].state == State::kFine && watch_->readings()[1].state == State::kNoData; }));
  EXPECT_TRUE(watch_->readings()[1].text.ends_with("Connection refused"));
}

}  // namespace
}  // namespace sluice::gateway

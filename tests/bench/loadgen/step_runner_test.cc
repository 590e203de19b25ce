// Whole steps against the stub, which serves on a thread of its own: real sockets.
#include "bench/loadgen/step_runner.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <numeric>
#include <thread>

#include "bench/loadgen/run_record.h"
#include "bench/loadgen/sweep.h"
#include "bench/stub/stub_server.h"

namespace sluice::bench {
namespace {

namespace asio = boost::asio;

class LoadStepsTest : public testing::Test {
 protected:
  void SetUp() override {
    Behaviour behaviour;
    ASSERT_TRUE(SetAll(behaviour, "version=v45"));
    stub_.emplace(io_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0), behaviour, 1);
    parts_.url = "http://127.0.0.1:" + std::to_string(stub_->port());
    serving_ = std::thread([this] { io_.run(); });
  }

  void StopStub() {
    if (!stub_) return;
    asio::post(io_, [this] { stub_->Close(); });
    serving_.join();
    stub_.reset();
  }

  void TearDown() override { StopStub(); }

  asio::io_context io_;
  std::optional<StubServer> stub_;
  std::thread serving_;
  RequestParts parts_;
};

TEST_F(LoadStepsTest, AMixIsSentAndItsUsersAndEntriesAreTold) {
  for (const bool http2 : {false, true}) {
    const auto mix = RequestMix::Load("bench/load/mixes/shop.yaml", parts_);
    ASSERT_TRUE(mix) << mix.error().Text();
    LoadSteps steps(*mix, false);

    const auto report = steps.Run({.connections = 4, .threads = 2, .http2 = http2, .requests = 600}, "mix");

    ASSERT_TRUE(report) << report.error().Text();
    EXPECT_TRUE(report->Accounted());
    EXPECT_EQ(report->answered(), 600U);
    const auto& kinds = report->data().kinds;
    ASSERT_EQ(kinds.size(), 3U);
    EXPECT_EQ(kinds[0].name, "rank");
    EXPECT_GT(kinds[0].answered, kinds[1].answered);
    EXPECT_EQ(kinds[0].answered + kinds[1].answered + kinds[2].answered, 600U);
    const auto sticky = report->data().stickiness.Tell();
    EXPECT_GT(sticky.units, 100U);
    EXPECT_EQ(sticky.units_split, 0U);
    const auto& slices = report->data().series.slices();
    EXPECT_EQ(std::accumulate(slices.begin(), slices.end(), std::uint64_t{0},
                              [](std::uint64_t sum, const TimeSlice& slice) { return sum + slice.latency.count(); }),
              600U);
  }
}

TEST_F(LoadStepsTest, ASweepInPercentMeasuresItsSaturationOnTheServer) {
  const auto mix = RequestMix::FromParts(parts_);
  ASSERT_TRUE(mix);
  LoadSteps steps(*mix, false);
  RunRecord record;
  const auto run = [&](const LoadOptions& options, const std::string& label) { return steps.Run(options, label); };

  const auto swept = RunSweep(*ParseSweep("5%,10%"), {.connections = 2, .duration = std::chrono::milliseconds(100)},
                              run, steps.stopped(), record);

  ASSERT_TRUE(swept) << swept.error().Text();
  EXPECT_GT(record.saturation, 0);
  ASSERT_EQ(record.steps.size(), 2U);
  EXPECT_DOUBLE_EQ(record.steps[1].rate, record.saturation * 0.1);
  for (const RunStep& step : record.steps) EXPECT_TRUE(step.report.Accounted());
}

TEST_F(LoadStepsTest, ASignalBeforeAStepEndsItAtOnce) {
  const auto mix = RequestMix::FromParts(parts_);
  ASSERT_TRUE(mix);
  LoadSteps steps(*mix, false);
  steps.Stop();
  const auto report = steps.Run({.connections = 2, .duration = std::chrono::hours(1)}, "long");
  ASSERT_TRUE(report) << report.error().Text();
  EXPECT_TRUE(report->Accounted());
}

TEST_F(LoadStepsTest, AServerThatIsNotThereIsUnavailable) {
  const auto mix = RequestMix::FromParts(parts_);
  ASSERT_TRUE(mix);
  StopStub();
  LoadSteps steps(*mix, false);
  const auto report = steps.Run({.connections = 2, .duration = std::chrono::seconds(5)}, "none");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::bench

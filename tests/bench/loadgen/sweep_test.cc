#include "bench/loadgen/sweep.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

// Answers 1000 a second in a closed loop, and what is asked for in an open one.
Report AnswerAt(const LoadOptions& options) {
  Report report;
  for (int i = 0; i < 10; ++i) report.CountAnswer({.status = 200});
  const double rate = options.rate > 0 ? options.rate : 1000;
  report.Finish(std::chrono::nanoseconds(static_cast<std::int64_t>(10e9 / rate)), 0);
  return report;
}

TEST(Sweep, StepsAreRatesOrPercent) {
  EXPECT_EQ(ParseSweep("1000, 2000,5000.5")->values, (std::vector<double>{1000, 2000, 5000.5}));
  const auto percent = ParseSweep("25%,90%,110%");
  ASSERT_TRUE(percent);
  EXPECT_TRUE(percent->percent);
  EXPECT_EQ(percent->values, (std::vector<double>{0.25, 0.9, 1.1}));
  std::string many = "1";
  for (int i = 0; i < 50; ++i) many += ",1";
  for (const std::string& text :
       {std::string(), std::string(","), std::string("0"), std::string("-5"), std::string("1e9"),
        std::string("50%,100"), std::string("300%"), std::string("x"), std::string("5x"), std::string("nan"), many}) {
    EXPECT_FALSE(ParseSweep(text)) << text;
  }
}

TEST(Sweep, PercentAreOfTheSaturationThatIsMeasuredFirst) {
  std::vector<double> rates;
  std::vector<std::string> labels;
  const StepRunner run = [&](const LoadOptions& options, const std::string& label) -> core::Result<Report> {
    EXPECT_EQ(options.duration, std::chrono::seconds(3));
    EXPECT_EQ(options.connections, 8U);
    rates.push_back(options.rate);
    labels.push_back(label);
    return AnswerAt(options);
  };
  RunRecord record;
  const std::atomic<bool> stopped = false;

  ASSERT_TRUE(
      RunSweep(*ParseSweep("50%,90%"), {.connections = 8, .duration = std::chrono::seconds(3)}, run, stopped, record));

  EXPECT_EQ(rates, (std::vector<double>{0, 500, 900}));
  EXPECT_EQ(labels.front(), "saturation, closed loop, 8 connections");
  EXPECT_DOUBLE_EQ(record.saturation, 1000);
  ASSERT_EQ(record.steps.size(), 2U);
  EXPECT_EQ(record.steps[1].label, "90 % of saturation, open loop, 900.0 a second");
  const std::string text = RecordText(record);
  EXPECT_NE(text.find("saturation, closed loop: 1000 a second"), std::string::npos) << text;
  EXPECT_NE(text.find("== 50 % of saturation"), std::string::npos);
}

TEST(Sweep, RatesNeedNoSaturation) {
  int runs = 0;
  const StepRunner run = [&](const LoadOptions& options, const std::string&) -> core::Result<Report> {
    ++runs;
    return AnswerAt(options);
  };
  RunRecord record;
  const std::atomic<bool> stopped = false;
  ASSERT_TRUE(RunSweep(*ParseSweep("100,200"), {}, run, stopped, record));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(record.saturation, 0);
}

TEST(Sweep, ASignalEndsItWithTheStepsThatWereRun) {
  std::atomic<bool> stopped = false;
  const StepRunner run = [&](const LoadOptions& options, const std::string&) -> core::Result<Report> {
    stopped = true;
    return AnswerAt(options);
  };
  RunRecord record;
  ASSERT_TRUE(RunSweep(*ParseSweep("100,200,300"), {}, run, stopped, record));
  EXPECT_EQ(record.steps.size(), 1U);
}

TEST(Sweep, AServerThatAnswersNothingHasNoSaturation) {
  const StepRunner run = [](const LoadOptions&, const std::string&) -> core::Result<Report> { return Report(); };
  RunRecord record;
  const std::atomic<bool> stopped = false;
  EXPECT_FALSE(RunSweep(*ParseSweep("50%"), {}, run, stopped, record));
}

}  // namespace
}  // namespace sluice::bench

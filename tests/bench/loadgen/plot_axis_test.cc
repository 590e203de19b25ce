#include "bench/loadgen/plot_axis.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

std::string Labels(const PlotAxis& axis) {
  std::string out;
  for (const auto& tick : axis.ticks()) out.append(out.empty() ? "" : " ").append(tick.label);
  return out;
}

TEST(PlotAxis, LinearAxesAreWidenedToRoundSteps) {
  EXPECT_EQ(Labels(PlotAxis(Scale::kLinear, 0, 5672)), "0 1000 2000 3000 4000 5000 6000");
  EXPECT_EQ(Labels(PlotAxis(Scale::kLinear, 18.2, 21.9, false, "%")), "18% 19% 20% 21% 22%");
  EXPECT_EQ(Labels(PlotAxis(Scale::kLinear, 0.001, 0.0031)), "0.0010 0.0015 0.0020 0.0025 0.0030 0.0035");
  EXPECT_EQ(Labels(PlotAxis(Scale::kLinear, 0, 180'000)), "0 50k 100k 150k 200k");
}

TEST(PlotAxis, ExactAxesKeepTheirBounds) {
  const PlotAxis axis(Scale::kLinear, 0, 3.01, true);
  EXPECT_EQ(Labels(axis), "0 1 2 3");
  EXPECT_DOUBLE_EQ(axis.Place(3.01), 1);
  EXPECT_DOUBLE_EQ(axis.Place(0), 0);
}

TEST(PlotAxis, LogAxesTickAtOneTwoAndFiveOrAtPowersWhenTheyAreLong) {
  EXPECT_EQ(Labels(PlotAxis(Scale::kLog, 3.1, 64)), "2 5 10 20 50 100");
  EXPECT_EQ(Labels(PlotAxis(Scale::kLog, 0.04, 900)), "0.1 1 10 100 1000");
  const PlotAxis axis(Scale::kLog, 1, 100);
  EXPECT_DOUBLE_EQ(axis.Place(10), 0.5);
  EXPECT_DOUBLE_EQ(axis.Place(0), 0);  // there is no logarithm of it
  EXPECT_DOUBLE_EQ(axis.Place(1e9), 1);
}

TEST(PlotAxis, NinesAreEquallyFarApart) {
  const PlotAxis axis(Scale::kNines, 0, 0.9999);
  EXPECT_EQ(Labels(axis), "0 90 99 99.9 99.99");
  EXPECT_NEAR(axis.Place(0.9), 0.25, 1e-9);
  EXPECT_NEAR(axis.Place(0.999), 0.75, 1e-9);
}

TEST(PlotAxis, OneValueAloneHasAnAxisToo) {
  for (const Scale scale : {Scale::kLinear, Scale::kLog}) {
    for (const double value : {0.0, 1e-9, 7.0, 1e12}) {
      const PlotAxis axis(scale, value, value);
      EXPECT_GE(axis.ticks().size(), 1U) << value;
      EXPECT_GE(axis.Place(value), 0);
      EXPECT_LE(axis.ticks().size(), 20U);
    }
  }
}

}  // namespace
}  // namespace sluice::bench

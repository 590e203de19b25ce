// The page is what prometheus-cpp would write, byte for byte, however it is cut.
#include "gateway/telemetry/text_page.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "core/base/random.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

std::string Page(std::vector<MetricFamily> families, std::size_t piece = kWhole) {
  TextPage page(std::move(families));
  std::string text;
  while (!page.ended()) page.Write(text, piece);
  return text;
}

MetricFamily Gauge(double value) { return {"a_gauge", "Of a value.", MetricType::kGauge, {{{}, value, {}}}}; }

// What the library writes for a gauge without labels.
std::string LibraryGauge(double value) {
  prometheus::MetricFamily family;
  family.name = "a_gauge";
  family.help = "Of a value.";
  family.type = prometheus::MetricType::Gauge;
  family.metric.emplace_back().gauge.value = value;
  return prometheus::TextSerializer().Serialize({family});
}

TEST(TextPage, NumbersAreThoseOfTheLibrary) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             0.1,
                             1.0 / 3,
                             42.5,
                             1e-9,
                             1e14,
                             999'999'999'999'999.0,
                             1e15,
                             1e16,
                             1e17,
                             1e22,
                             1e300,
                             5e-324,
                             9'007'199'254'740'993.0,
                             123'456'789.123'456'789,
                             kInfinity,
                             -kInfinity,
                             std::nan("")}) {
    EXPECT_EQ(Page({Gauge(value)}), LibraryGauge(value));
  }
  core::Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    const double value = std::ldexp(static_cast<double>(random.Next() >> 11), static_cast<int>(random.Below(120)) - 90);
    ASSERT_EQ(Page({Gauge(value)}), LibraryGauge(value));
  }
}

TEST(TextPage, LabelsAreEscaped) {
  EXPECT_EQ(Page({{"m", "", MetricType::kUntyped, {{{{"a", "x\"y\\z\n"}, {"b", ""}}, 1, {}}}}}),
            "# TYPE m untyped\nm{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1\n");
}

TEST(TextPage, AHistogramIsCumulativeAndEndsWithInfinity) {
  const core::HistogramBounds bounds(std::array{0.5, 10.0});
  core::Histogram histogram(bounds);
  for (const std::uint64_t value : {0, 7, 7, 11}) histogram.Observe(value);
  core::HistogramTotal total;
  total.Add(histogram);

  EXPECT_EQ(Page({{"h", "Of.", MetricType::kHistogram, {{{{"a", "x"}}, 0, total}, {{}, 0, {}}}}}),
            "# HELP h Of.\n# TYPE h histogram\nh_count{a=\"x\"} 4\nh_sum{a=\"x\"} 25\n"
            "h_bucket{a=\"x\",le=\"0.5\"} 1\nh_bucket{a=\"x\",le=\"10\"} 3\nh_bucket{a=\"x\",le=\"+Inf\"} 4\n"
            "h_count 0\nh_sum 0\nh_bucket{le=\"+Inf\"} 0\n");
}

TEST(TextPage, PiecesAreWholeSamplesAndTogetherThePage) {
  std::vector<MetricFamily> families;
  for (const char* name : {"one", "two", "three"}) {
    MetricFamily& family = families.emplace_back(MetricFamily{name, "Help.", MetricType::kCounter, {}});
    for (int i = 0; i < 5; ++i) family.samples.push_back({{{"label", std::to_string(i)}}, 1.0 * i, {}});
  }
  const std::string whole = Page(families);
  EXPECT_EQ(Page(families, 1), whole);
  EXPECT_EQ(Page(families, 100), whole);

  TextPage page(families);
  std::string piece;
  page.Write(piece, 1);
  EXPECT_EQ(piece, "# HELP one Help.\n# TYPE one counter\none{label=\"0\"} 0\n");
  EXPECT_FALSE(page.ended());
}

TEST(TextPage, AFamilyWithoutSamplesAndAPageWithoutFamiliesEnd) {
  EXPECT_EQ(Page({}), "");
  EXPECT_EQ(Page({{"none", "", MetricType::kGauge, {}}}), "# TYPE none gauge\n");
}

}  // namespace
}  // namespace sluice::gateway

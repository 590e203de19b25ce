#include "bench/loadgen/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;

TEST(Report, TellsCountsByStatusAndVersion) {
  Report report;
  for (int i = 0; i < 4; ++i) report.CountSent();
  report.CountAnswer({.status = 200, .version = "v45", .body_bytes = 10, .latency = milliseconds(2)});
  report.CountAnswer({.status = 200, .version = "v47", .body_bytes = 10, .latency = milliseconds(4)});
  report.CountAnswer({.status = 503, .latency = milliseconds(1)});
  report.CountLost(Lost::kTimeout, milliseconds(3));
  report.Finish(std::chrono::seconds(2), 5);

  const auto json = nlohmann::json::parse(report.Json());

  EXPECT_TRUE(report.Accounted());
  EXPECT_EQ(json["answered"], 3);
  EXPECT_EQ(json["lost"]["timeout"], 1);
  EXPECT_EQ(json["not_sent"], 5);
  EXPECT_EQ(json["by_status"]["200"], 2);
  EXPECT_EQ(json["by_version"]["v47"]["count"], 1);
  EXPECT_NEAR(json["latency_ms"]["max"].get<double>(), 4.0, 0.1);
  EXPECT_NE(report.Text().find("version v45: 1 (33.33 %)"), std::string::npos);
}

TEST(Report, VersionsAreLimitedAndNeverBreakTheJson) {
  Report report;
  report.CountAnswer({.status = 200, .version = "\xff\"", .latency = milliseconds(1)});
  for (int i = 0; i < 1000; ++i) {
    const std::string version = "v" + std::to_string(i);
    report.CountAnswer({.status = 200, .version = version, .latency = milliseconds(1)});
  }

  const auto json = nlohmann::json::parse(report.Json());

  EXPECT_EQ(json["by_version"].size(), Report::kVersionsMax + 1);
}

}  // namespace
}  // namespace sluice::bench

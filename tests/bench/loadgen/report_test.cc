#include "bench/loadgen/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/loadgen/report_json.h"
#include "core/base/random.h"

namespace sluice::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Report, TellsCountsByStatusAndVersion) {
  Report report;
  for (int i = 0; i < 4; ++i) report.CountSent();
  report.CountAnswer({.status = 200, .version = "v45", .body_bytes = 10, .latency = milliseconds(2)});
  report.CountAnswer({.status = 200, .version = "v47", .body_bytes = 10, .latency = milliseconds(4)});
  report.CountAnswer({.status = 503, .latency = milliseconds(1)});
  report.CountLost(Lost::kTimeout, milliseconds(3));
  report.Finish(std::chrono::seconds(2), 5);

  const json told = json::parse(report.Json());

  EXPECT_TRUE(report.Accounted());
  EXPECT_EQ(told["answered"], 3);
  EXPECT_EQ(told["lost"]["timeout"], 1);
  EXPECT_EQ(told["not_sent"], 5);
  EXPECT_EQ(told["by_status"]["200"], 2);
  EXPECT_EQ(told["by_version"]["v47"]["count"], 1);
  EXPECT_NEAR(told["latency_ms"]["max"].get<double>(), 4.0, 0.1);
}

TEST(Report, VersionsAreLimitedAndNeverBreakTheJson) {
  Report report;
  report.CountAnswer({.status = 200, .version = "\xff\"", .latency = milliseconds(1)});
  for (int i = 0; i < 1000; ++i) {
    const std::string version = "v" + std::to_string(i);
    report.CountAnswer({.status = 200, .version = version, .latency = milliseconds(1)});
  }

  const json told = json::parse(report.Json());

  EXPECT_EQ(told["by_version"].size(), Report::kVersionsMax + 1);
  EXPECT_EQ(told["by_version"]["(other)"]["count"], 1001 - Report::kVersionsMax);
}

TEST(Report, TheShareOfAVersionIsOfTheAnswersThatNameOne) {
  Report report;
  for (int i = 0; i < 90; ++i) report.CountAnswer({.status = 200, .version = "v45"});
  for (int i = 0; i < 10; ++i) report.CountAnswer({.status = 200, .version = "v47"});
  for (int i = 0; i < 50; ++i) report.CountAnswer({.status = 503});

  const json told = json::parse(report.Json())["by_version"];

  EXPECT_EQ(told["v45"]["share"], 0.9);
  EXPECT_NEAR(told["v47"]["share_95"][0].get<double>(), 0.0552, 1e-4);
  EXPECT_NEAR(told["v47"]["share_95"][1].get<double>(), 0.1744, 1e-4);
  EXPECT_FALSE(told[""].contains("share"));
}

TEST(Report, EntriesOfAMixAreToldApart) {
  Report report;
  report.NameKinds({"rank", "profile"});
  report.CountAnswer({.status = 200, .kind = 0, .version = "v45", .latency = milliseconds(1)});
  report.CountAnswer({.status = 500, .kind = 1, .version = "v47", .latency = milliseconds(8)});
  report.CountAnswer({.status = 200, .kind = 1, .version = "v47", .latency = milliseconds(8), .grpc_status = 14});
  report.CountLost(Lost::kReset, milliseconds(1), 1);

  const json told = json::parse(report.Json());

  EXPECT_EQ(told["by_kind"]["rank"]["by_version"], json({{"v45", 1}}));
  EXPECT_EQ(told["by_kind"]["profile"]["failed"], 2);
  EXPECT_EQ(told["by_kind"]["profile"]["lost"], 1);
  EXPECT_NEAR(told["by_kind"]["profile"]["latency_ms"]["p99.99"].get<double>(), 8, 0.1);
  EXPECT_EQ(told["by_grpc_status"], json({{"14", 1}}));
}

TEST(Report, AUnitThatTwoVersionsAnsweredIsTold) {
  Report report;
  for (std::uint64_t unit = 0; unit < 10; ++unit) report.CountAnswer({.status = 200, .unit = unit, .version = "v45"});
  report.CountAnswer({.status = 200, .unit = 3, .version = "v45"});
  report.CountAnswer({.status = 200, .unit = 3, .version = "v47"});
  report.CountAnswer({.status = 503, .unit = 4});  // names no version, so it says nothing about stickiness

  const json told = json::parse(report.Json());

  EXPECT_EQ(told["stickiness"],
            json({{"units", 10}, {"units_split", 1}, {"answers_astray", 1}, {"answers_unwatched", 0}}));
  EXPECT_EQ(told["by_version"]["v45"]["units"], 10);
  EXPECT_NE(report.Text().find("1 of 10 units were answered by more than one version, 1 answers astray"),
            std::string::npos);
}

// Random answers, dealt out to `count` reports in turn.
std::vector<Report> Deal(std::size_t count) {
  std::vector<Report> reports(count);
  core::Random random(17);
  for (std::size_t i = 0; i < 20'000; ++i) {
    Report& report = reports[i % count];
    report.CountSent();
    const nanoseconds at(random.Below(30'000'000'000));
    if (random.Below(100) == 0) {
      report.CountLost(static_cast<Lost>(random.Below(kLostNames.size())), at);
      continue;
    }
    const std::uint64_t unit = random.Below(500);
    const std::string version = unit % 50 == 0 ? "v" + std::to_string(random.Below(2)) : "v" + std::to_string(unit % 3);
    report.CountAnswer({.status = static_cast<std::uint16_t>(200 + random.Below(4)),
                        .kind = static_cast<std::uint32_t>(random.Below(3)),
                        .unit = unit,
                        .version = version,
                        .body_bytes = random.Below(1000),
                        .latency = nanoseconds(random.Below(1ULL << (10 + random.Below(25)))),
                        .at = at});
  }
  return reports;
}

TEST(Report, WhatThreadsCountedApartIsMergedToWhatOneWouldHaveCounted) {
  const Report whole = std::move(Deal(1).front());
  Report merged;
  for (const Report& part : Deal(4)) merged.Merge(part);

  EXPECT_TRUE(merged.Latency() == whole.Latency());
  json one = json::parse(whole.Json());
  json other = json::parse(merged.Json());
  EXPECT_EQ(one, other);
  EXPECT_GT(one["stickiness"]["units_split"], 0);
}

TEST(Report, ASavedReportIsMergedExactly) {
  const Report whole = std::move(Deal(1).front());
  Report merged;
  for (const Report& part : Deal(4)) {
    auto loaded = LoadReport(nlohmann::ordered_json::parse(SaveReport(part).dump()));
    ASSERT_TRUE(loaded) << loaded.error().Text();
    EXPECT_EQ(loaded->Json(), part.Json());
    merged.Merge(*loaded);
  }

  EXPECT_TRUE(merged.Latency() == whole.Latency());
  json one = json::parse(whole.Json());
  json other = json::parse(merged.Json());
  for (json* told : {&one, &other}) {
    // Units are known to their own process only.
    told->erase("stickiness");
    for (auto& version : (*told)["by_version"]) version.erase("units");
  }
  EXPECT_EQ(one, other);
}

TEST(Report, WhatIsNoSavedReportIsRefused) {
  const auto saved = SaveReport(Deal(1).front());
  EXPECT_FALSE(LoadReport(nlohmann::ordered_json::parse("{}")));
  EXPECT_FALSE(LoadReport(nlohmann::ordered_json::parse("[1]")));
  for (const auto& [key, value] : saved.items()) {
    auto broken = saved;
    broken[key] = "text";
    EXPECT_FALSE(LoadReport(broken)) << key;
    broken.erase(key);
    EXPECT_FALSE(LoadReport(broken)) << key;
  }
  auto wide = saved;
  wide["series"]["width_ns"] = 150'000'000;
  EXPECT_FALSE(LoadReport(wide));
}

TEST(Report, TextIsAlignedAndSteersNoTerminal) {
  Report report;
  for (int i = 0; i < 900; ++i) report.CountAnswer({.status = 200, .version = "v45", .latency = milliseconds(2)});
  for (int i = 0; i < 100; ++i) report.CountAnswer({.status = 200, .version = "\x1b[2J", .latency = milliseconds(2)});
  report.Finish(std::chrono::seconds(2), 0);

  const std::string text = report.Text();

  EXPECT_NE(text.find("1000 answers in 2.00 s, 500.0 a second; 0 lost"), std::string::npos) << text;
  EXPECT_NE(text.find("version  answers    share     95 % interval\n"
                      "?[2J         100  10.00 %   8.29 to 12.02 %\n"
                      "v45          900  90.00 %  87.98 to 91.71 %\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sluice::bench

#include "bench/loadgen/merge_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/loadgen/html_report.h"

namespace sluice::bench {
namespace {

class MergeCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("merge_") + test->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    EXPECT_TRUE(WriteFile(path, text));
    return path;
  }

  static RunRecord RunOf(int answers, const std::string& version) {
    RunRecord record{.command = "sluice-bench " + version, .started = "2026-01-01T00:00:00Z"};
    Report report;
    for (int i = 0; i < answers; ++i) {
      report.CountSent();
      report.CountAnswer(
          {.status = 200, .unit = 1, .version = version, .latency = std::chrono::microseconds(100 * (i + 1))});
    }
    report.Finish(std::chrono::seconds(2), 3);
    record.steps.push_back({.report = std::move(report)});
    return record;
  }

  std::filesystem::path folder_;
};

TEST_F(MergeCommandTest, ResultsOfProcessesSideBySideAreThoseOfOne) {
  const auto merged = MergeFiles(
      {Write("a.json", RecordJson(RunOf(30, "v45"), true)), Write("b.json", RecordJson(RunOf(10, "v47"), true))});
  ASSERT_TRUE(merged) << merged.error().Text();

  const auto told = nlohmann::json::parse(RecordJson(*merged, false));

  EXPECT_EQ(told["answered"], 40);
  EXPECT_EQ(told["not_sent"], 6);
  EXPECT_EQ(told["seconds"], 2.0);
  EXPECT_EQ(told["per_second"], 20.0);
  EXPECT_EQ(told["by_version"]["v47"]["share"], 0.25);
  EXPECT_NE(RecordText(*merged).find("within each process, 0 of 2 units"), std::string::npos);
  EXPECT_EQ(told["command"], "sluice-bench v45; sluice-bench v47");
  LatencyHistogram both = RunOf(30, "v45").steps[0].report.Latency();
  both.Merge(RunOf(10, "v47").steps[0].report.Latency());
  EXPECT_TRUE(merged->steps[0].report.Latency() == both);
}

TEST_F(MergeCommandTest, OtherFilesAreRefusedByName) {
  RunRecord sweep = RunOf(3, "v45");
  sweep.sweep = true;
  for (const std::string& path :
       {Write("plain.json", RecordJson(RunOf(3, "v45"), false)), Write("no.json", "hello"), Write("list.json", "[]"),
        Write("sweep.json", RecordJson(sweep, true)), (folder_ / "missing.json").string()}) {
    const auto merged = MergeFiles({path});
    ASSERT_FALSE(merged) << path;
    EXPECT_NE(merged.error().cause.find(path), std::string::npos);
    EXPECT_FALSE(merged.error().cure.empty());
  }
}

TEST(CommandLine, IsQuotedForAShellAndKeepsSecretsOut) {
  const std::array<const char*, 7> words{
      "/usr/bin/sluice-bench", "http://h/a?b=1&c=2", "-H", "Authorization: Bearer abc", "-HCookie: a=b", "it's", ""};
  EXPECT_EQ(CommandLine(static_cast<int>(words.size()), words.data()),
            "sluice-bench 'http://h/a?b=1&c=2' -H 'Authorization: ***' '-HCookie: ***' 'it'\\''s' ''");
}

}  // namespace
}  // namespace sluice::bench

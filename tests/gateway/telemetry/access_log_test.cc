#include "gateway/telemetry/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "tests/gateway/telemetry/scenario.h"

namespace sluice::gateway {
namespace {

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest()
      : path(std::filesystem::path(::testing::TempDir()) /
             (std::string("sluice_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".log")) {
    std::filesystem::remove(path);
    settings.path = path;
    writer.Attach(log);
  }
  ~AccessLogTest() override { std::filesystem::remove(path); }

  std::string Content(const std::filesystem::path& file) const {
    std::ostringstream content;
    content << std::ifstream(file).rdbuf();
    return content.str();
  }
  std::ptrdiff_t Lines(const std::filesystem::path& file) const {
    const std::string content = Content(file);
    return std::count(content.begin(), content.end(), '\n');
  }
  void WriteSome(int count) {
    for (int i = 0; i < count; ++i) log.Write(scenario.NoRoute(), settings, random);
  }

  std::filesystem::path path;
  core::Settings::AccessLog settings;
  Scenario scenario;
  core::Random random{7};
  DownstreamCounters counters;
  int ready = 0;
  AccessLog log{counters, {[](void* self) { ++*static_cast<int*>(self); }, &ready}};
  AccessLogWriter writer;
};

TEST_F(AccessLogTest, APipeThatNobodyReadsLosesLinesAndHoldsNothingUp) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_TRUE(writer.Open(settings.path));
  for (int i = 0; i < 20; ++i) {  // more than a pipe holds
    WriteSome(100);
    log.Flush();
    writer.Drain();
  }

  EXPECT_GT(writer.lines_lost(), 0u);
  EXPECT_FALSE(writer.healthy());
  ::close(reader);
}

TEST_F(AccessLogTest, APathThatCannotBeOpenedAtTheStartIsNotHealthy) {
  EXPECT_FALSE(writer.Open(path / "no" / "such"));
  EXPECT_FALSE(writer.healthy());
  EXPECT_TRUE(writer.Open(settings.path));
  EXPECT_TRUE(writer.healthy());
}

TEST_F(AccessLogTest, LinesReachTheFileAfterAFlush) {
  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(3);

  EXPECT_EQ(writer.Drain(), 0u);  // still gathering
  log.Flush();
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(writer.Drain(), 3u);

  EXPECT_EQ(Lines(path), 3);
  EXPECT_EQ(counters.access_log_lines.value(), 3u);
}

TEST_F(AccessLogTest, AFullBufferIsHandedOverByItself) {
  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(500);
  EXPECT_GE(ready, 1);
  EXPECT_GT(writer.Drain(), 0u);
}

TEST_F(AccessLogTest, WhenTheWriterLagsLinesAreDroppedAndCounted) {
  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(20'000);

  EXPECT_GT(counters.access_log_dropped.value(), 0u);
  EXPECT_EQ(counters.access_log_dropped.value() + counters.access_log_lines.value(), 20'000u);
  writer.Drain();
  log.Flush();
  writer.Drain();
  EXPECT_EQ(static_cast<std::uint64_t>(Lines(path)), counters.access_log_lines.value());
}

TEST_F(AccessLogTest, SamplingKeepsAboutItsShare) {
  ASSERT_TRUE(writer.Open(settings.path));
  settings.sampling_percent = 10;
  WriteSome(1'000);
  EXPECT_GT(counters.access_log_lines.value(), 60u);
  EXPECT_LT(counters.access_log_lines.value(), 140u);
}

TEST_F(AccessLogTest, WithoutAPathNothingIsWritten) {
  settings.path.clear();
  WriteSome(5);
  EXPECT_EQ(counters.access_log_lines.value(), 0u);
}

TEST_F(AccessLogTest, OpeningAgainFollowsARotation) {
  const std::filesystem::path rotated = path.string() + ".1";
  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(1);
  log.Flush();
  writer.Drain();
  std::filesystem::rename(path, rotated);

  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(2);
  log.Flush();
  writer.Drain();

  EXPECT_EQ(Lines(rotated), 1);
  EXPECT_EQ(Lines(path), 2);
  std::filesystem::remove(rotated);
}

TEST_F(AccessLogTest, AFullDiskCostsLinesAndSaysSo) {
  ASSERT_TRUE(writer.Open("/dev/full"));
  WriteSome(4);
  log.Flush();

  EXPECT_EQ(writer.Drain(), 0u);

  EXPECT_EQ(writer.lines_lost(), 4u);
  EXPECT_FALSE(writer.healthy());
  ASSERT_TRUE(writer.Open(settings.path));
  WriteSome(1);
  log.Flush();
  EXPECT_EQ(writer.Drain(), 1u);
  EXPECT_TRUE(writer.healthy());
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedLeavesTheOldOneInUse) {
  ASSERT_TRUE(writer.Open(settings.path));

  const core::Status status = writer.Open("/nonexistent/directory/access.log");

  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, core::ErrorCode::kIo);
  WriteSome(1);
  log.Flush();
  EXPECT_EQ(writer.Drain(), 1u);
}

TEST_F(AccessLogTest, AWorkerAndTheWriterShareNothingButTheRing) {
  ASSERT_TRUE(writer.Open(settings.path));
  std::atomic<bool> done = false;
  std::thread worker([&] {
    WriteSome(50'000);
    done = true;
  });
  while (!done) writer.Drain();
  worker.join();
  writer.Drain();
  log.Flush();
  writer.Drain();

  EXPECT_EQ(static_cast<std::uint64_t>(Lines(path)), counters.access_log_lines.value());
  EXPECT_EQ(writer.lines_written(), counters.access_log_lines.value());
}

}  // namespace
}  // namespace sluice::gateway

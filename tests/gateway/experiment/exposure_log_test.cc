#include "gateway/experiment/exposure_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// So many bytes, the line break among them.
std::string LineOf(std::size_t size) {
  std::string line(size, 'x');
  line.back() = '\n';
  return line;
}

class ExposureLogTest : public ::testing::Test {
 protected:
  core::Settings::ExposureLog Settings(std::uint64_t max_bytes = 1 << 20, std::uint32_t keep = 2) const {
    return {.path = path_, .max_bytes = max_bytes, .keep = keep};
  }

  TemporaryDirectory directory_;
  std::string path_ = (directory_.path() / "exposures.ndjson").string();
};

TEST_F(ExposureLogTest, WritesLinesWhenItIsFlushed) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings()));

  log.Write("{\"a\":1}\n");
  log.Write("{\"a\":2}\n");
  log.Flush();

  EXPECT_EQ(TextOf(path_), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(log.lines(), 2u);
}

TEST_F(ExposureLogTest, WithoutAFileLinesAreDroppedAndCounted) {
  ExposureLog log;

  log.Write("{}\n");

  EXPECT_EQ(log.dropped(), 1u);
}

TEST_F(ExposureLogTest, IsPutAsideBeforeItGrowsBeyondItsSize) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings(100, 2)));
  const std::string line = LineOf(40);

  for (int i = 0; i < 9; ++i) log.Write(std::to_string(i) + line);  // 41 bytes each, two fit
  log.Flush();

  EXPECT_EQ(TextOf(path_), "8" + line);
  EXPECT_EQ(TextOf(path_ + ".1"), "6" + line + "7" + line);
  EXPECT_EQ(TextOf(path_ + ".2"), "4" + line + "5" + line);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".3"));
  EXPECT_EQ(log.lines(), 9u);
  EXPECT_EQ(log.dropped(), 0u);
}

TEST_F(ExposureLogTest, WithNothingToKeepItBeginsAnew) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings(10, 0)));

  log.Write("first...\n");
  log.Write("second..\n");
  log.Flush();

  EXPECT_EQ(TextOf(path_), "second..\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".1"));
}

TEST_F(ExposureLogTest, ALogOfBeforeGoesOn) {
  std::ofstream(path_) << "{\"old\":1}\n";
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings(15)));

  log.Write("{\"n\":1}\n");
  log.Flush();

  EXPECT_EQ(TextOf(path_ + ".1"), "{\"old\":1}\n");
  EXPECT_EQ(TextOf(path_), "{\"n\":1}\n");
}

TEST_F(ExposureLogTest, FollowsARenameOnReopen) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings()));
  log.Write("1\n");
  log.Flush();
  std::filesystem::rename(path_, path_ + ".old");

  ASSERT_TRUE(log.Reopen());
  log.Write("2\n");
  log.Flush();

  EXPECT_EQ(TextOf(path_ + ".old"), "1\n");
  EXPECT_EQ(TextOf(path_), "2\n");
}

TEST_F(ExposureLogTest, APathThatCannotBeOpenedLeavesTheFileBeforeInUse) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings()));

  const core::Status followed = log.Follow({.path = (directory_.path() / "no/such/place").string()});
  log.Write("1\n");
  log.Flush();

  ASSERT_FALSE(followed);
  EXPECT_NE(followed.error().Text().find("exposureLog.path"), std::string::npos);
  EXPECT_EQ(TextOf(path_), "1\n");
}

TEST_F(ExposureLogTest, AFileThatMayNotGrowKeepsWholeLinesAndCountsTheRest) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings()));
  log.Write("{\"whole\":1}\n");
  log.Flush();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 20, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);

  log.Write("{\"too long for it\":1}\n");
  log.Write("{}\n");
  log.Flush();
  setrlimit(RLIMIT_FSIZE, &before);
  log.Write("{\"after\":1}\n");
  log.Flush();

  EXPECT_EQ(log.dropped(), 2u);
  EXPECT_EQ(TextOf(path_), "{\"whole\":1}\n{\"after\":1}\n");
}

TEST_F(ExposureLogTest, AFullDiskLosesLinesAndNothingElse) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow({.path = "/dev/full"}));

  log.Write("1\n");
  log.Flush();

  EXPECT_EQ(log.dropped(), 1u);
  EXPECT_EQ(log.lines(), 0u);
}

TEST_F(ExposureLogTest, WhatCannotBePutAsideIsNotWrittenOver) {
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings(10, 1)));
  std::filesystem::create_directory(path_ + ".1");  // in the way
  log.Write("first...\n");
  log.Write("second..\n");
  log.Flush();

  EXPECT_EQ(TextOf(path_), "first...\n");
  EXPECT_EQ(log.dropped(), 1u);
}

TEST_F(ExposureLogTest, APipeWhoseReaderHasStoppedIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ExposureLog log;
  ASSERT_TRUE(log.Follow(Settings(50)));

  const std::string line = LineOf(100);
  for (int i = 0; i < 2'000; ++i) log.Write(line);
  log.Flush();
  close(reader);

  EXPECT_GT(log.lines(), 0u);
  EXPECT_GT(log.dropped(), 0u);
  EXPECT_EQ(log.lines() + log.dropped(), 2'000u);
}

TEST(UnitHasher, HasTheSameSaltAfterARestart) {
  const TemporaryDirectory directory;

  const auto first = UnitHasher::Open(directory.path().string());
  const auto second = UnitHasher::Open(directory.path().string());

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->Hash("user-42"), second->Hash("user-42"));
  EXPECT_EQ(first->Hash("user-42").size(), 32u);
  EXPECT_NE(first->Hash("user-42"), first->Hash("user-43"));
  struct stat info{};
  ASSERT_EQ(stat((directory.path() / UnitHasher::kFile).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(UnitHasher, InstallationsHaveDifferentSalts) {
  const auto first = UnitHasher::Open("");
  const auto second = UnitHasher::Open("");

  ASSERT_TRUE(first && second);
  EXPECT_NE(first->Hash("user-42"), second->Hash("user-42"));
}

// HMAC-SHA256 with a key of 32 bytes 0x0b, of "Hi There": as `openssl dgst -sha256 -mac HMAC` computes it.
TEST(UnitHasher, IsHmacSha256) {
  const TemporaryDirectory directory;
  std::string salt;
  for (int i = 0; i < 32; ++i) salt += "0b";
  directory.Write("exposure-salt", salt + "\n");

  const auto hasher = UnitHasher::Open(directory.path().string());

  ASSERT_TRUE(hasher);
  EXPECT_EQ(hasher->Hash("Hi There"), "198a607eb44bfbc69903a0f1cf2bbdc5");
}

TEST(UnitHasher, ASaltThatIsNoneIsAnError) {
  const TemporaryDirectory directory;
  directory.Write("exposure-salt", "0123");

  const auto hasher = UnitHasher::Open(directory.path().string());

  ASSERT_FALSE(hasher);
  EXPECT_NE(hasher.error().Text().find("exposure-salt"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

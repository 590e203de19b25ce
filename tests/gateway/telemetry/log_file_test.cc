#include "gateway/telemetry/log_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

TEST(LogFile, IsAppendedTo) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "log").string();
  std::ofstream(path) << "old\n";

  const int file = OpenLogFile(path);
  ASSERT_GE(file, 0);
  EXPECT_TRUE(IsRegularFile(file));
  EXPECT_EQ(::write(file, "new\n", 4), 4);
  ::close(file);

  std::ifstream written(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(written), {}), "old\nnew\n");
}

TEST(LogFile, StandardStreamsAreDuplicates) {
  const int file = OpenLogFile("/dev/stderr");

  EXPECT_GT(file, STDERR_FILENO);
  ::close(file);
}

TEST(LogFile, WhatCannotBeOpenedSaysWhy) {
  const TemporaryDirectory directory;

  EXPECT_EQ(OpenLogFile((directory.path() / "no" / "log").string()), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(LogFile, APipeIsNoRegularFile) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);

  EXPECT_FALSE(IsRegularFile(ends[1]));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sluice::gateway

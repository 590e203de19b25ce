#include "gateway/telemetry/logging.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TEST(Logging, LevelsAreSetForOneOrForAll) {
  ASSERT_TRUE(StartLogging("info"));

  ASSERT_TRUE(SetLogLevel("config", "debug"));
  EXPECT_EQ(LogLevels()[1], (std::pair<std::string, std::string>{"config", "debug"}));
  EXPECT_EQ(LogLevels()[0], (std::pair<std::string, std::string>{"admin", "info"}));

  ASSERT_TRUE(SetLogLevel("", "error"));
  for (const auto& [name, level] : LogLevels()) EXPECT_EQ(level, "error") << name;
}

TEST(Logging, UnknownNamesAndLevelsAreErrors) {
  ASSERT_TRUE(StartLogging("info"));
  EXPECT_FALSE(StartLogging("loud"));
  EXPECT_FALSE(SetLogLevel("config", "loud"));
  EXPECT_FALSE(SetLogLevel("nobody", "info"));
}

TEST(Logging, OneCallIsOneLine) {
  ASSERT_TRUE(StartLogging("info"));
  ::testing::internal::CaptureStderr();

  LogWarning("config", "file says \"a\nb\"");
  LogInfo("nobody", "known to main");

  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2);
  EXPECT_NE(said.find(" warning config file says \\x22a\\x0ab\\x22\n"), std::string::npos);
  EXPECT_NE(said.find(" info main known to main\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

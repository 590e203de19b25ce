#include "bench/loadgen/flags.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

// "ok", or what is wrong.
std::string Parse(std::vector<std::string> arguments, Flags& flags) {
  CLI::App app;
  AddFlags(app, flags);
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  const auto mix = Complete(flags);
  return mix ? "ok" : mix.error().Text();
}

TEST(BenchFlags, ARunLastsTenSecondsWhenNothingElseEndsIt) {
  Flags flags;
  ASSERT_EQ(Parse({"http://h/"}, flags), "ok");
  EXPECT_EQ(flags.load.duration, std::chrono::seconds(10));
  EXPECT_FALSE(flags.load.http2);

  Flags counted;
  ASSERT_EQ(Parse({"http://h/", "-n", "5"}, counted), "ok");
  EXPECT_EQ(counted.load.duration.count(), 0);
}

TEST(BenchFlags, GrpcImpliesHttp2AndTheAddressImpliesTls) {
  Flags flags;
  ASSERT_EQ(Parse({"--grpc", "-s", "8", "--tally", "X-Version", "https://h/pkg.Service/Method"}, flags), "ok");

  EXPECT_TRUE(flags.load.http2);
  EXPECT_TRUE(flags.load.tls);
  EXPECT_EQ(flags.load.tally_header, "x-version");
}

TEST(BenchFlags, AHeaderTakesOneValueSoThatTheAddressMayFollow) {
  Flags flags;
  ASSERT_EQ(Parse({"-H", "a: b", "-H", "c: d", "http://h/"}, flags), "ok");
  EXPECT_EQ(flags.parts.headers, (std::vector<std::string>{"a: b", "c: d"}));
}

TEST(BenchFlags, WhatDoesNotFitTogetherIsRefusedWithACure) {
  const auto refusal = [](std::vector<std::string> arguments) {
    Flags flags;
    return Parse(std::move(arguments), flags);
  };
  EXPECT_NE(refusal({"http://h/", "-s", "4"}).find("add --http2"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "--sni", "model"}).find("write https://"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "-d", "10"}).find("write for example 10s"), std::string::npos);
  EXPECT_NE(refusal({"http://h/", "-c", "0"}), "ok");
  EXPECT_NE(refusal({"-c", "4"}), "ok");
}

}  // namespace
}  // namespace sluice::bench

#include "bench/stub/behaviour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::bench {
namespace {

using std::chrono::microseconds;

MessageReader Request(std::string_view fields = "") {
  MessageReader reader(MessageReader::Kind::kRequest);
  const std::string bytes = "GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n";
  std::string_view in = bytes;
  EXPECT_EQ(reader.Feed(in), MessageReader::Step::kHead);
  return reader;
}

TEST(Behaviour, SettingsAreReadByNameWithUnits) {
  Behaviour behaviour;

  ASSERT_TRUE(SetAll(behaviour, "version=v45&latency=5ms&jitter_ms=2&latency-p99=1s&failure_rate=0.25&status=500"));

  EXPECT_EQ(behaviour.version, "v45");
  EXPECT_EQ(behaviour.latency, microseconds(5000));
  EXPECT_EQ(behaviour.jitter, microseconds(2000));
  EXPECT_EQ(behaviour.latency_p99, microseconds(1'000'000));
  EXPECT_EQ(behaviour.failure_rate, 0.25);
  EXPECT_EQ(behaviour.status, 500);
}

TEST(Behaviour, OneWrongSettingChangesNothing) {
  for (const std::string_view query : {"latency=9ms&failure_rate=2", "latency=9ms&colour=red", "latency=9ms&status",
                                       "latency=9ms&version=a/b", "latency=-1", "latency=9ms&failure=explode"}) {
    Behaviour behaviour;
    EXPECT_FALSE(SetAll(behaviour, query)) << query;
    EXPECT_EQ(behaviour.latency, microseconds(0)) << query;
  }
}

TEST(Behaviour, FirstRequestsFailThenChanceDecides) {
  Behaviour behaviour;
  behaviour.fail_first = 2;
  behaviour.failure_rate = 0.1;
  core::Random random(7);
  const MessageReader request = Request();

  EXPECT_EQ(Decide(behaviour, request, random).status, 503);
  EXPECT_EQ(Decide(behaviour, request, random).status, 503);
  int failed = 0;
  for (int i = 0; i < 10'000; ++i) failed += Decide(behaviour, request, random).fails ? 1 : 0;

  EXPECT_NEAR(failed, 1000, 150);  // five standard deviations
}

TEST(Behaviour, TailHasTheNinetyNinthPercentileAsked) {
  Behaviour behaviour;
  behaviour.latency = microseconds(2000);
  behaviour.latency_p99 = microseconds(50'000);
  core::Random random(3);
  const MessageReader request = Request();

  std::vector<microseconds> delays;
  for (int i = 0; i < 20'000; ++i) delays.push_back(Decide(behaviour, request, random).delay);
  std::ranges::sort(delays);

  EXPECT_GE(delays.front(), behaviour.latency);
  EXPECT_NEAR(static_cast<double>(delays[19'800].count()), 50'000, 4'000);
}

TEST(Behaviour, ARequestMayAskForItsOwnAnswer) {
  Behaviour behaviour;
  core::Random random(1);

  const Reply late = Decide(behaviour, Request("X-Stub-Status: 404\r\nx-stub-delay-ms: 7\r\n"), random);
  const Reply reset = Decide(behaviour, Request("x-stub-failure: reset\r\n"), random);

  EXPECT_EQ(late.status, 404);
  EXPECT_EQ(late.delay, microseconds(7000));
  EXPECT_TRUE(reset.fails);
  EXPECT_EQ(reset.failure, Failure::kReset);
}

}  // namespace
}  // namespace sluice::bench

#include "core/http/grpc_timeout.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(ParseGrpcTimeout, KnowsEveryUnit) {
  EXPECT_EQ(ParseGrpcTimeout("2H"), Seconds(7200));
  EXPECT_EQ(ParseGrpcTimeout("3M"), Seconds(180));
  EXPECT_EQ(ParseGrpcTimeout("4S"), Seconds(4));
  EXPECT_EQ(ParseGrpcTimeout("5m"), Milliseconds(5));
  EXPECT_EQ(ParseGrpcTimeout("6u"), Duration(6000));
  EXPECT_EQ(ParseGrpcTimeout("7n"), Duration(7));
  EXPECT_EQ(ParseGrpcTimeout("0S"), Duration(0));
  EXPECT_EQ(ParseGrpcTimeout("00000001S"), Seconds(1));
  EXPECT_EQ(ParseGrpcTimeout("99999999m"), Milliseconds(99999999));
}

TEST(ParseGrpcTimeout, RefusesWhatTheGrammarDoesNotAllow) {
  for (const char* bad : {"", "1", "S", "1s", "1h", "1 S", " 1S", "1S ", "-1S", "+1S", "123456789S", "1.5S", "0x1S"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
}

TEST(ParseGrpcTimeout, BeyondTheClockIsAsLongAsItGets) {
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), kGrpcTimeoutMax);
  EXPECT_EQ(ParseGrpcTimeout("99999999M"), kGrpcTimeoutMax) << "190 years";
  EXPECT_EQ(ParseGrpcTimeout("99999999S"), Seconds(99999999)) << "three years";
}

TEST(FormatGrpcTimeout, TakesTheFinestUnitThatFitsEightDigits) {
  Arena arena;
  EXPECT_EQ(FormatGrpcTimeout(1, arena), "1m");
  EXPECT_EQ(FormatGrpcTimeout(99'999'999, arena), "99999999m");
  EXPECT_EQ(FormatGrpcTimeout(100'000'999, arena), "100000S") << "rounded down";
  EXPECT_EQ(FormatGrpcTimeout(100'000'000'000, arena), "1666666M");
  EXPECT_EQ(FormatGrpcTimeout(6'000'000'000'000, arena), "1666666H");
  EXPECT_EQ(FormatGrpcTimeout(UINT64_MAX, arena), "99999999H");
}

TEST(AskedGrpcTimeout, CountsForGrpcRequestsOnly) {
  Arena arena;
  Head request(arena);
  request.headers.AddBorrowed(HeaderName::kGrpcTimeout, "250m");
  EXPECT_EQ(AskedGrpcTimeout(request), Duration::zero());

  request.headers.Set(HeaderName::kContentType, "application/json");
  EXPECT_EQ(AskedGrpcTimeout(request), Duration::zero());

  request.headers.Set(HeaderName::kContentType, "application/grpc+proto");
  EXPECT_EQ(AskedGrpcTimeout(request), Milliseconds(250));

  request.headers.Set(HeaderName::kGrpcTimeout, "soon");
  EXPECT_EQ(AskedGrpcTimeout(request), Duration::zero());
}

}  // namespace
}  // namespace sluice::core

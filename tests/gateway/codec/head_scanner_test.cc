#include "gateway/codec/head_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

using Result = HeadScanner::Result;

constexpr HeadScanner::Limits kLimits{.first_line_max = 20, .bytes_max = 200, .fields_max = 3};
constexpr HeadScanner::Limits kTrailers{.first_line_max = 0, .bytes_max = 200, .fields_max = 3};

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string text = "GET /\r\nA: b\r\n\r\nrest";
  HeadScanner whole;
  EXPECT_EQ(whole.Scan(text, kLimits), Result::kComplete);
  EXPECT_EQ(whole.size(), text.size() - 4);
  HeadScanner single;
  for (std::size_t i = 1; i < text.size() - 4; ++i) {
    ASSERT_EQ(single.Scan(std::string_view(text).substr(0, i), kLimits), Result::kNeedMore) << i;
  }
  EXPECT_EQ(single.Scan(text, kLimits), Result::kComplete);
  EXPECT_EQ(single.size(), text.size() - 4);
}

TEST(HeadScanner, ATrailerSectionMayBeEmpty) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.Scan("\r\n", kTrailers), Result::kComplete);
  EXPECT_EQ(scanner.size(), 2u);
}

TEST(HeadScanner, RefusesABareLineFeedAtOnce) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.Scan("GET /\n", kLimits), Result::kFault);
  EXPECT_EQ(scanner.fault().status, 400);
}

TEST(HeadScanner, RefusesControlBytesInALineThatHasNoEndYet) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.Scan("GE", kLimits), Result::kNeedMore);
  EXPECT_EQ(scanner.Scan(std::string_view("GE\0", 3), kLimits), Result::kFault);
  HeadScanner split;
  EXPECT_EQ(split.Scan("GET /\r", kLimits), Result::kNeedMore);
  EXPECT_EQ(split.Scan("GET /\rx", kLimits), Result::kFault);
}

TEST(HeadScanner, SaysWhichLimitWasPassed) {
  HeadScanner line;
  EXPECT_EQ(line.Scan(std::string(21, 'a').append("\r\n"), kLimits), Result::kFault);
  EXPECT_EQ(line.fault().status, 414);
  HeadScanner open_line;
  EXPECT_EQ(open_line.Scan(std::string(21, 'a'), kLimits), Result::kFault);
  EXPECT_EQ(open_line.fault().status, 414);
  HeadScanner exact;
  EXPECT_EQ(exact.Scan(std::string(20, 'a').append("\r\n\r\n"), kLimits), Result::kComplete);
  HeadScanner fields;
  EXPECT_EQ(fields.Scan("GET /\r\na:\r\na:\r\na:\r\na:\r\n\r\n", kLimits), Result::kFault);
  EXPECT_EQ(fields.fault().status, 431);
  HeadScanner bytes;
  EXPECT_EQ(bytes.Scan("GET /\r\na: " + std::string(200, 'b'), kLimits), Result::kFault);
  EXPECT_EQ(bytes.fault().status, 431);
  HeadScanner closed;
  EXPECT_EQ(closed.Scan("GET /\r\na: " + std::string(200, 'b') + "\r\n\r\n", kLimits), Result::kFault);
}

}  // namespace
}  // namespace sluice::gateway

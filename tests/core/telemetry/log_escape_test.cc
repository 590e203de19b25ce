#include "core/telemetry/log_escape.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

std::string Escape(std::string_view text, LogEscape mode, std::size_t max = 1024) {
  std::string out(max, '\0');
  out.resize(static_cast<std::size_t>(EscapeForLog(text, mode, out.data(), max) - out.data()));
  return out;
}

TEST(LogEscape, PlainTextPassesUntouched) {
  EXPECT_EQ(Escape("/v1/rank?user=1&x=y", LogEscape::kJson), "/v1/rank?user=1&x=y");
  EXPECT_EQ(Escape("curl/7.88 (x)", LogEscape::kQuoted), "curl/7.88 (x)");
  EXPECT_EQ(Escape("größe 日本 🚀", LogEscape::kJson), "größe 日本 🚀");
}

TEST(LogEscape, NothingEndsALineOrAString) {
  EXPECT_EQ(Escape("a\r\nb\"c\\d\t\x7f", LogEscape::kJson), "a\\u000d\\u000ab\\\"c\\\\d\\u0009\\u007f");
  EXPECT_EQ(Escape("a\nb\"c\\", LogEscape::kQuoted), "a\\x0ab\\x22c\\x5c");
  EXPECT_EQ(Escape("two words", LogEscape::kUnquoted), "two\\x20words");
}

TEST(LogEscape, UnicodeThatActsLikeAControlIsEscaped) {
  EXPECT_EQ(Escape("\xc2\x85", LogEscape::kJson), "\\u0085");
  EXPECT_EQ(Escape("\xe2\x80\xa8", LogEscape::kJson), "\\u2028");
  EXPECT_EQ(Escape("\xe2\x80\xa9", LogEscape::kQuoted), "\\xe2\\x80\\xa9");
}

TEST(LogEscape, BytesThatAreNotUtf8AreShownAsHex) {
  EXPECT_EQ(Escape("\xff", LogEscape::kJson), "\\\\xff");
  EXPECT_EQ(Escape("\xc0\xaf", LogEscape::kJson), "\\\\xc0\\\\xaf");         // overlong
  EXPECT_EQ(Escape("\xed\xa0\x80", LogEscape::kQuoted), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(Escape("\xf5\x80\x80\x80", LogEscape::kJson), "\\\\xf5\\\\x80\\\\x80\\\\x80");
  EXPECT_EQ(Escape("x\xe2\x80", LogEscape::kJson), "x\\\\xe2\\\\x80");  // cut short
}

TEST(LogEscape, TheCutNeverSplitsAnEscapeOrACharacter) {
  EXPECT_EQ(Escape("abcdef", LogEscape::kJson, 4), "abcd");
  EXPECT_EQ(Escape("abc\n", LogEscape::kJson, 5), "abc");
  EXPECT_EQ(Escape("abc\xe6\x97\xa5", LogEscape::kJson, 5), "abc");
  EXPECT_EQ(Escape("abc\xe6\x97\xa5", LogEscape::kJson, 6), "abc\xe6\x97\xa5");
}

}  // namespace
}  // namespace sluice::core

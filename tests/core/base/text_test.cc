#include "core/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

TEST(Text, ComparesWithoutCase) {
  EXPECT_TRUE(EqualsIgnoreCase("Keep-Alive", "keep-ALIVE"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_TRUE(StartsWithIgnoreCase("Bearer x", "bearer "));
  EXPECT_FALSE(StartsWithIgnoreCase("Bea", "bearer"));
  EXPECT_EQ(Fold("AbC-\xc3\x84"), "abc-\xc3\x84");
}

TEST(Text, TrimsBlanksOnly) {
  EXPECT_EQ(Trim(" \t a b\t "), "a b");
  EXPECT_EQ(Trim("\r\n"), "\r\n");
  EXPECT_EQ(Trim(" \t"), "");
}

TEST(Text, ReadsNumbersStrictly) {
  EXPECT_EQ(ParseDecimal("18446744073709551615"), 18446744073709551615u);
  EXPECT_EQ(ParseDecimal("007"), 7u);
  for (const char* bad : {"", "+1", "-1", " 1", "1 ", "1a", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(ParseDecimal(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseHex("fF"), 255u);
  EXPECT_EQ(ParseHex("0x1"), std::nullopt);
  EXPECT_EQ(ParseHex("10000000000000000"), std::nullopt);
}

TEST(Text, TakesTokensOffAList) {
  std::string_view rest = ", a ,,b\t, ";
  std::vector<std::string> tokens;
  while (const auto token = NextToken(rest)) tokens.emplace_back(*token);
  EXPECT_EQ(tokens, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(HasToken("gzip, Trailers", "trailers"));
  EXPECT_FALSE(HasToken("trailersx", "trailers"));
  EXPECT_FALSE(HasToken("", ""));
}

TEST(Text, KnowsTokens) {
  EXPECT_TRUE(IsToken("!#$%&'*+-.^_`|~aZ9"));
  for (const char* bad : {"", "a b", "a:", "a/b", "a\"", "\x80"}) EXPECT_FALSE(IsToken(bad)) << bad;
}

TEST(Text, MeasuresEditsUpToABound) {
  EXPECT_EQ(EditDistance("timeout", "timeout", 3), 0u);
  EXPECT_EQ(EditDistance("timout", "timeout", 3), 1u);
  EXPECT_EQ(EditDistance("Timeout", "timeout", 3), 0u);
  EXPECT_EQ(EditDistance("abc", "xyz", 2), 3u);
  EXPECT_EQ(EditDistance("a", "abcdef", 2), 3u);
  EXPECT_EQ(EditDistance("", "ab", 2), 2u);
}

}  // namespace
}  // namespace sluice::core

#include "core/http/query_string.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(QueryString, TheFirstValueOfAKeyCounts) {
  EXPECT_EQ(FindQueryValue("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(FindQueryValue("a=1&b=2&a=3", "b"), "2");
  EXPECT_EQ(FindQueryValue("a=1", "c"), std::nullopt);
}

TEST(QueryString, AKeyWithoutValueIsPresentAndEmpty) {
  EXPECT_EQ(FindQueryValue("debug", "debug"), "");
  EXPECT_EQ(FindQueryValue("debug=", "debug"), "");
  EXPECT_EQ(FindQueryValue("", "debug"), std::nullopt);
}

TEST(QueryString, ValuesStayAsSent) {
  EXPECT_EQ(FindQueryValue("q=a%20b+c=d", "q"), "a%20b+c=d");
  EXPECT_EQ(FindQueryValue("Q=1", "q"), std::nullopt);
}

TEST(QueryString, EmptyPairsAreSkipped) {
  std::string_view rest = "&&a=1&";

  const auto pair = NextQueryPair(rest);

  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->key, "a");
  EXPECT_FALSE(NextQueryPair(rest));
}

}  // namespace
}  // namespace sluice::core

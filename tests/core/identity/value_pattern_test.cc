#include "core/identity/value_pattern.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

bool Matches(std::string_view pattern, std::string_view value) { return ValuePattern::Parse(pattern)->Matches(value); }
bool MatchesPath(std::string_view pattern, std::string_view path) {
  return ValuePattern::ParsePath(pattern)->Matches(path);
}

TEST(ValuePattern, ExactPrefixSuffixAndPresence) {
  EXPECT_TRUE(Matches("a", "a"));
  EXPECT_FALSE(Matches("a", "ab"));
  EXPECT_TRUE(Matches("a*", "ab"));
  EXPECT_TRUE(Matches("a*", "a"));
  EXPECT_FALSE(Matches("a*", "ba"));
  EXPECT_TRUE(Matches("*a", "ba"));
  EXPECT_FALSE(Matches("*a", "ab"));
  EXPECT_TRUE(Matches("*", "x"));
  EXPECT_FALSE(Matches("*", ""));
}

TEST(ValuePattern, AnAsteriskElsewhereIsAnError) {
  for (const std::string_view text : {"a*b", "*a*", "**", "a**"}) EXPECT_FALSE(ValuePattern::Parse(text)) << text;
}

TEST(ValuePattern, TemplatesTakeSegmentsApart) {
  EXPECT_TRUE(MatchesPath("/a/{*}", "/a/b"));
  EXPECT_FALSE(MatchesPath("/a/{*}", "/a/"));
  EXPECT_FALSE(MatchesPath("/a/{*}", "/a/b/"));
  EXPECT_FALSE(MatchesPath("/a/{*}", "/a"));
  EXPECT_TRUE(MatchesPath("/a/{**}", "/a/"));
  EXPECT_TRUE(MatchesPath("/a/{**}", "/a/b/c"));
  EXPECT_FALSE(MatchesPath("/a/{**}", "/ab/c"));
  EXPECT_TRUE(MatchesPath("/{*}/b/{*}/d", "/a/b/c/d"));
  EXPECT_FALSE(MatchesPath("/{*}/b", ""));
  for (const std::string_view text : {"/a{*}", "/{**}/a", "{*}", "/{*}*", "/{x}/{*}"}) {
    EXPECT_FALSE(ValuePattern::ParsePath(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::core

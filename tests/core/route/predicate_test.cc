#include "core/route/predicate.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

CompiledRegex Compile(std::string_view pattern) {
  auto regex = CompileRegex(pattern);
  EXPECT_TRUE(regex.has_value()) << pattern;
  return regex.value_or(nullptr);
}

std::string Replace(std::string_view pattern, std::string_view text, std::string_view replacement) {
  Arena arena;
  const auto result = ReplaceEvery(*Compile(pattern), text, replacement, arena);
  return result ? std::string(*result) : "<too long>";
}

TEST(Predicate, AnchorsAreRedundant) {
  EXPECT_TRUE(FullMatch(*Compile("^ab$"), "ab"));
  EXPECT_TRUE(FullMatch(*Compile("a|ab"), "ab"));
  EXPECT_FALSE(FullMatch(*Compile("a"), "ab"));
}

TEST(Predicate, AnchoringChangesNoMeaning) {
  for (const std::string_view pattern : {"a|ab", "^ab$", "(?i)AB", "ab|", "a(b)", ".*b"}) {
    const auto anchored = CompileAnchoredRegex(pattern);
    ASSERT_TRUE(anchored.has_value()) << pattern;
    for (const std::string_view text : {"ab", "a", "", "AB", "xab", "abx"}) {
      EXPECT_EQ(FullMatch(**anchored, text), FullMatch(*Compile(pattern), text)) << pattern << " " << text;
    }
  }
  EXPECT_FALSE(CompileAnchoredRegex("a)|(b").has_value());
}

TEST(Predicate, LimitsStandBesideEveryExpression) {
  EXPECT_FALSE(CompileRegex("").has_value());
  EXPECT_TRUE(CompileRegex(std::string(kRegexLengthMax / 2, 'a')).has_value());
  EXPECT_EQ(CompileRegex(std::string(kRegexLengthMax + 1, 'a')).error().code, ErrorCode::kLimitExceeded);
  EXPECT_FALSE(CompileRegex("((a{100}){100}){100}").has_value());
  EXPECT_FALSE(CompileRegex("(?=look)").has_value());
}

TEST(Predicate, InputBeyondTheLimitDoesNotMatch) {
  const CompiledRegex anything = Compile(".*");

  EXPECT_TRUE(FullMatch(*anything, std::string(kRegexInputMax, 'a')));
  EXPECT_FALSE(FullMatch(*anything, std::string(kRegexInputMax + 1, 'a')));
}

TEST(Predicate, BytesThatAreNoCharacterDoNotMatch) {
  EXPECT_FALSE(FullMatch(*Compile(".*"), "a\xff"));
  EXPECT_TRUE(FullMatch(*Compile(".*"), "日本"));
}

TEST(Predicate, EveryOccurrenceIsReplaced) {
  EXPECT_EQ(Replace("/v1", "/v1/a/v1/b", "/v2"), "/v2/a/v2/b");
  EXPECT_EQ(Replace("/([^/]+)/x", "/a/x/b/x", "/x/\\1"), "/x/a/x/b");
  EXPECT_EQ(Replace("nothing", "/a", "x"), "/a");
  EXPECT_EQ(Replace("(a)|(b)", "ab", "[\\1\\2]"), "[a][b]");
  EXPECT_EQ(Replace("a", "a", "\\\\"), "\\");
  EXPECT_EQ(Replace("a+", "aaa", ""), "");
}

TEST(Predicate, EmptyMatchesDoNotLoop) { EXPECT_EQ(Replace("b*", "abc", "-"), "-a-c-"); }

TEST(Predicate, ReplacementsAreBounded) {
  EXPECT_EQ(Replace("a", std::string(8000, 'a'), std::string(100, 'x')), "<too long>");
  EXPECT_EQ(Replace("a", std::string(kRegexInputMax + 1, 'a'), "a"), "<too long>");
}

TEST(Predicate, ReplacementsMayOnlyUseGroupsThatExist) {
  const CompiledRegex one_group = Compile("/(.*)");

  EXPECT_TRUE(CheckReplacement(*one_group, "/x/\\1\\0\\\\").has_value());
  EXPECT_FALSE(CheckReplacement(*one_group, "\\2").has_value());
  EXPECT_FALSE(CheckReplacement(*one_group, "\\n").has_value());
  EXPECT_FALSE(CheckReplacement(*one_group, "x\\").has_value());
}

}  // namespace
}  // namespace sluice::core

#include "core/route/string_match.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(StringMatch, PresentAcceptsEverythingEvenEmpty) {
  EXPECT_TRUE(StringMatch::Present().Matches(""));
  EXPECT_TRUE(StringMatch::Present().Matches("x"));
}

TEST(StringMatch, ExactAndPrefixAreCaseSensitive) {
  EXPECT_TRUE(StringMatch::Exact("premium").Matches("premium"));
  EXPECT_FALSE(StringMatch::Exact("premium").Matches("Premium"));
  EXPECT_FALSE(StringMatch::Exact("premium").Matches("premium2"));
  EXPECT_TRUE(StringMatch::Prefix("/ratings").Matches("/ratingsX"));
  EXPECT_FALSE(StringMatch::Prefix("/ratings").Matches("/Ratings"));
}

TEST(StringMatch, IgnoringCaseFoldsLettersOnly) {
  EXPECT_TRUE(StringMatch::Exact("/V1/a", true).Matches("/v1/A"));
  EXPECT_TRUE(StringMatch::Prefix("/V1", true).Matches("/v1/x"));
  EXPECT_FALSE(StringMatch::Exact("[", true).Matches("{"));
}

TEST(StringMatch, RegexCoversTheWholeText) {
  const auto match = StringMatch::Regex("[0-9a-cA-C].*");

  ASSERT_TRUE(match.has_value());
  EXPECT_TRUE(match->Matches("a17"));
  EXPECT_FALSE(match->Matches("xa17"));
  EXPECT_FALSE(match->Matches(""));
}

TEST(StringMatch, ABadRegexSaysWhy) {
  const auto match = StringMatch::Regex("(");

  ASSERT_FALSE(match.has_value());
  EXPECT_EQ(match.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(match.error().cause.find("missing )"), std::string::npos) << match.error().cause;
}

}  // namespace
}  // namespace sluice::core

// Texts that meet some matchers and not others, and proofs that there is none; each against RE2 itself.
#include "core/analysis/text_finder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"

namespace sluice::core {
namespace {

using Verdict = FoundText::Verdict;

StringMatch Regex(const std::string& pattern) { return *StringMatch::Regex(pattern); }

FoundText FindIn(TextFinder& finder, const std::vector<StringMatch>& all, const std::vector<StringMatch>& none) {
  std::vector<TextCondition> conditions;
  for (const StringMatch& match : all) conditions.push_back({&match, true});
  for (const StringMatch& match : none) conditions.push_back({&match, false});
  return finder.Find(conditions, StringMatch::Present(), {});
}

FoundText Find(const std::vector<StringMatch>& all, const std::vector<StringMatch>& none = {}) {
  TextFinder finder;
  return FindIn(finder, all, none);
}

TEST(TextFinderTest, TwoRegexesMeetInAShortestText) {
  const FoundText found = Find({Regex("[0-9a-c].*"), Regex(".*-eu")});

  EXPECT_EQ(found.verdict, Verdict::kFound);
  EXPECT_EQ(found.text, "a-eu");
}

TEST(TextFinderTest, RegexesThatExcludeEachOtherAreProvenApart) {
  EXPECT_EQ(Find({Regex("[0-9]+"), Regex("[a-f]+")}).verdict, Verdict::kNone);
  EXPECT_EQ(Find({Regex("(ab)+"), Regex("(ab)*a")}).verdict, Verdict::kNone);
  EXPECT_EQ(Find({StringMatch::Prefix("/v1"), Regex("/v2/.*")}).verdict, Verdict::kNone);
}

TEST(TextFinderTest, AUnionCoversWhatItsPartsDoNot) {
  const StringMatch all = Regex("[0-9a-f].*");

  EXPECT_EQ(Find({all}, {Regex("[0-9].*")}).text, "a");
  EXPECT_EQ(Find({all}, {Regex("[0-9].*"), Regex("[a-f].*")}).verdict, Verdict::kNone);
}

TEST(TextFinderTest, AnExactTextIsTheOnlyCandidate) {
  EXPECT_EQ(Find({StringMatch::Exact("premium"), Regex("prem.*")}).text, "premium");
  EXPECT_EQ(Find({StringMatch::Exact("premium"), Regex("gold.*")}).verdict, Verdict::kNone);
}

TEST(TextFinderTest, LetterCaseIsPartOfTheQuestion) {
  EXPECT_EQ(Find({StringMatch::Exact("Ab", true)}, {StringMatch::Exact("ab")}).text, "aB");
  EXPECT_EQ(Find({Regex("(?i)gold")}, {StringMatch::Exact("gold", true)}).verdict, Verdict::kNone);
}

TEST(TextFinderTest, AnchorsInsideOfAPatternHoldWhereTheTextBeginsAndEnds) {
  EXPECT_EQ(Find({Regex("^a$")}).text, "a");
  EXPECT_EQ(Find({Regex("a^b")}).verdict, Verdict::kNone);
  EXPECT_EQ(Find({Regex("(^|x)a")}, {Regex("a")}).text, "xa");
  EXPECT_EQ(Find({Regex("^$")}).text, "");
  EXPECT_EQ(Find({Regex("a($|b)")}, {Regex("a")}).text, "ab");
}

TEST(TextFinderTest, LikelyTextsComeFirst) {
  TextFinder finder;
  const StringMatch any = StringMatch::Present();
  const std::vector<TextCondition> conditions = {{&any, true}};
  const std::vector<std::string_view> likely = {"GET"};

  EXPECT_EQ(finder.Find(conditions, any, likely).text, "GET");
}

TEST(TextFinderTest, WhatIsNotModelledIsUnknown) {
  EXPECT_EQ(Find({Regex("\\bfoo\\b.*")}).verdict, Verdict::kUnknown);
  EXPECT_EQ(Find({Regex("\\p{Greek}")}).verdict, Verdict::kUnknown);
  EXPECT_EQ(Find({Regex("(é)+")}).verdict, Verdict::kUnknown);
}

// A pattern of the kinds that the model speaks of.
std::string RandomPattern(Random& random, int depth) {
  static const std::vector<std::string> kAtoms = {"a", "b",   "0",   "[ab]",     "[^a]",
                                                  ".", "\\d", "\\.", "[0-9a-c]", "[[:alpha:]]"};
  const auto atom = [&] { return kAtoms[random.Below(kAtoms.size())]; };
  if (depth == 0) return atom();
  switch (random.Below(7)) {
    case 0: return RandomPattern(random, depth - 1) + RandomPattern(random, depth - 1);
    case 1: return "(" + RandomPattern(random, depth - 1) + "|" + RandomPattern(random, depth - 1) + ")";
    case 2: return "(?:" + RandomPattern(random, depth - 1) + ")*";
    case 3: return "(" + RandomPattern(random, depth - 1) + ")?";
    case 4: return "(" + RandomPattern(random, depth - 1) + "){1,2}";
    case 5:
      return random.Below(2) == 0 ? "^" + RandomPattern(random, depth - 1) : RandomPattern(random, depth - 1) + "$";
    default: return atom() + "+" + RandomPattern(random, depth - 1);
  }
}

std::string RandomText(Random& random) {
  static constexpr std::string_view kBytes = "ab0.cZ-";
  std::string text;
  for (std::uint64_t i = random.Below(5); i > 0; --i) text += kBytes[random.Below(kBytes.size())];
  return text;
}

TEST(TextFinderTest, NoTextOfRandomPatternsContradictsAProof) {
  Random random(7);
  TextFinder finder;
  int proofs = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::vector<StringMatch> all = {Regex(RandomPattern(random, 3)), Regex(RandomPattern(random, 2))};
    const std::vector<StringMatch> none = {Regex(RandomPattern(random, 2))};
    const FoundText found = FindIn(finder, all, none);
    ASSERT_NE(found.verdict, Verdict::kUnknown)
        << all[0].text() << " and " << all[1].text() << " not " << none[0].text();
    if (found.verdict == Verdict::kFound) continue;
    ++proofs;
    for (int k = 0; k < 200; ++k) {
      const std::string text = RandomText(random);
      ASSERT_FALSE(all[0].Matches(text) && all[1].Matches(text) && !none[0].Matches(text))
          << all[0].text() << " and " << all[1].text() << " not " << none[0].text() << ": " << text;
    }
  }
  EXPECT_GT(proofs, 100);
}

}  // namespace
}  // namespace sluice::core

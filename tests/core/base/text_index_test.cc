#include "core/base/text_index.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(TextIndex, FindsWhatWasPutInAndNothingElse) {
  const TextIndex index({{"a", 1}, {"longer-than-eight-bytes", 2}, {"", 3}});

  EXPECT_EQ(index.Find("a"), 1u);
  EXPECT_EQ(index.Find("longer-than-eight-bytes"), 2u);
  EXPECT_EQ(index.Find(""), 3u);
  EXPECT_EQ(index.Find("longer-than-eight-byteS"), std::nullopt);
  EXPECT_EQ(index.Find("b"), std::nullopt);
}

TEST(TextIndex, AnEmptyIndexFindsNothing) {
  EXPECT_EQ(TextIndex().Find("x"), std::nullopt);
  EXPECT_EQ(TextIndex(std::vector<TextIndex::Entry>{}).Find(""), std::nullopt);
}

TEST(TextIndex, TheFirstOfEqualTextsWins) {
  const TextIndex index({{"same", 1}, {"same", 2}});

  EXPECT_EQ(index.Find("same"), 1u);
  EXPECT_EQ(index.size(), 1u);
}

TEST(TextIndex, HoldsManyNames) {
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back("model-" + std::to_string(i) + ".ml-serving.svc.cluster.local");
  std::vector<TextIndex::Entry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) entries.push_back({names[i], static_cast<std::uint32_t>(i)});

  const TextIndex index(entries);

  for (std::size_t i = 0; i < names.size(); ++i) ASSERT_EQ(index.Find(names[i]), i);
  EXPECT_EQ(index.Find("model-20000.ml-serving.svc.cluster.local"), std::nullopt);
}

TEST(HashText, IsStableBecausePositionsOfUsersDependOnIt) {
  // Worked out apart from this code, by the rule told in the header.
  EXPECT_EQ(HashText("v45", 1), 0xdaf2367310970483ULL);
  EXPECT_EQ(HashText("ranker.ml.svc", 7), 0xcd52b833677de482ULL);
  EXPECT_NE(HashText("v45", 1), HashText("v45", 2));
  EXPECT_NE(HashText("v45", 1), HashText("v46", 1));
  EXPECT_NE(HashText(std::string_view("a\0", 2), 1), HashText("a", 1));
}

}  // namespace
}  // namespace sluice::core

#include "gateway/cli/unified_diff.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace sluice::gateway {
namespace {

// What the patch makes of `before`: reads the hunks as patch(1) does and checks every line of context.
std::string Patched(const std::string& before, const std::string& diff) {
  const auto split = [](const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  };
  const std::vector<std::string> old = split(before);
  std::string after;
  std::size_t next = 0;
  for (const std::string& line : split(diff)) {
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    std::size_t first = 0;
    std::size_t count = 1;
    if (std::sscanf(line.c_str(), "@@ -%zu,%zu", &first, &count) >= 1) {
      const std::size_t begin = count == 0 ? first : first - 1;
      while (next < begin) after += old.at(next++) + '\n';
      continue;
    }
    const std::string text = line.substr(1);
    if (line[0] == '+') {
      after += text + '\n';
      continue;
    }
    EXPECT_EQ(old.at(next), text);
    if (line[0] == ' ') after += text + '\n';
    ++next;
  }
  while (next < old.size()) after += old[next++] + '\n';
  return after;
}

TEST(UnifiedDiff, EqualTextsHaveNone) {
  EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n", "x", "y"), "");
  EXPECT_EQ(UnifiedDiff("", "", "x", "y"), "");
}

TEST(UnifiedDiff, ShowsALineWithItsNeighbours) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "old", "new"),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, DifferencesFarApartAreHunksOfTheirOwn) {
  std::string before;
  for (int i = 0; i < 30; ++i) before += std::to_string(i) + '\n';
  std::string after = before;
  after.replace(after.find("\n2\n"), 3, "\ntwo\n").replace(after.find("\n25\n"), 4, "\n");
  const std::string diff = UnifiedDiff(before, after, "a", "b");
  EXPECT_NE(diff.find("@@ -1,6 +1,6 @@"), std::string::npos) << diff;
  EXPECT_NE(diff.find("@@ -23,7 +23,6 @@"), std::string::npos) << diff;
}

TEST(UnifiedDiff, SomethingFromNothingAndBack) {
  EXPECT_EQ(UnifiedDiff("", "a\nb\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(UnifiedDiff("a\n", "", "x", "y"), "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiff, RandomTextsArePatchedIntoEachOther) {
  std::mt19937 random(7);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  for (int round = 0; round < 2000; ++round) {
    std::string before;
    std::string after;
    const unsigned size = pick(60);
    for (unsigned i = 0; i < size; ++i) {
      const std::string line = std::string(1, static_cast<char>('a' + pick(5))) + '\n';
      if (pick(8) != 0) before += line;
      if (pick(8) != 0) after += line;
      if (pick(10) == 0) after += "new\n";
    }
    EXPECT_EQ(Patched(before, UnifiedDiff(before, after, "a", "b")), after) << before << "--\n" << after;
  }
}

TEST(UnifiedDiff, TextsWithoutALineInCommonStayWithinTheLimit) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    before += "a" + std::to_string(i) + '\n';
    after += "b" + std::to_string(i) + '\n';
  }
  EXPECT_EQ(Patched(before, UnifiedDiff(before, after, "a", "b")), after);
}

TEST(UnifiedDiff, ColoursAreForTerminalsOnly) {
  const std::string diff = UnifiedDiff("a\n", "b\n", "x", "y");
  EXPECT_EQ(PaintDiff(diff, false), diff);
  EXPECT_NE(PaintDiff(diff, true).find("\x1b[31m-a\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway

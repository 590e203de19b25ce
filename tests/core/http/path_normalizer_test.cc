#include "core/http/path_normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::core {
namespace {

class PathNormalizer : public ::testing::Test {
 protected:
  std::string Normal(std::string_view target, PathMode mode = PathMode::kBase) {
    arena.Reset();
    const NormalizedPath path = NormalizePath("GET", target, mode, arena);
    if (path.verdict == PathVerdict::kNotFound) return "404";
    if (path.verdict == PathVerdict::kBad) return "400";
    return std::string(path.target);
  }

  Arena arena;
};

TEST_F(PathNormalizer, LeavesAnOrdinaryTargetWhereItLies) {
  const std::string_view target = "/v1/models/ranking:predict?x=%2f&y=//..";
  EXPECT_EQ(NormalizePath("GET", target, PathMode::kMergeSlashes, arena).target.data(), target.data());
}

TEST_F(PathNormalizer, ResolvesDotSegmentsHoweverTheyAreSpelt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/../../x", "/x"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/..", "/"},
      {"/.", "/"},
      {"/a/...", "/a/..."},
      {"/.well-known/x", "/.well-known/x"},
      {"/a/..b/c", "/a/..b/c"},
      {"/a//../b", "/a/b"},
      {"\\a", "404"},
      {"/a\\..\\b", "/b"},
      {"/a/b/../../c?q=/../", "/c?q=/../"},
  };
  for (const auto& [target, expected] : cases) EXPECT_EQ(Normal(target), expected) << target;
}

TEST_F(PathNormalizer, DecodesUnreservedBytesSoThatOnePathHasOneForm) {
  EXPECT_EQ(Normal("/%61dmin/%7Ex%2d%5F"), "/admin/~x-_");
  EXPECT_EQ(Normal("/a%20b%3Bc"), "/a%20b%3Bc");
  EXPECT_EQ(Normal("/%2561"), "/%2561");
}

TEST_F(PathNormalizer, RefusesWhatBackendsReadInTwoWays) {
  for (const char* bad : {"/a%00", "/a%0a", "/a%7f", "/a#b", "/a?b#c", "/a\x80", "/a?\xff", "/a%2fb", "/a%2Fb",
                          "/a%5cb", "/%", "/%1", "/%zz", "/a b", "/a\x01"}) {
    EXPECT_EQ(Normal(bad), "400") << bad;
  }
}

TEST_F(PathNormalizer, MergesAndDecodesSlashesWhenAsked) {
  EXPECT_EQ(Normal("//a///b//"), "//a///b//");
  EXPECT_EQ(Normal("//a///b//", PathMode::kMergeSlashes), "/a/b/");
  EXPECT_EQ(Normal("/a//../b", PathMode::kMergeSlashes), "/b");
  EXPECT_EQ(Normal("/a%2f%5C..%2fb", PathMode::kDecodeAndMergeSlashes), "/b");
  EXPECT_EQ(Normal("/a%2fb", PathMode::kMergeSlashes), "400");
}

TEST_F(PathNormalizer, NoneChangesNothingButStillRefusesIllegalBytes) {
  EXPECT_EQ(Normal("/a/../%2f%62", PathMode::kNone), "/a/../%2f%62");
  EXPECT_EQ(Normal("/a%00", PathMode::kNone), "400");
  EXPECT_EQ(Normal("/a#", PathMode::kNone), "400");
}

TEST_F(PathNormalizer, WantsASlashInFrontOrAStarForOptions) {
  EXPECT_EQ(Normal("a"), "404");
  EXPECT_EQ(Normal("*"), "404");
  EXPECT_EQ(Normal(""), "404");
  EXPECT_EQ(NormalizePath("OPTIONS", "*", PathMode::kBase, arena).verdict, PathVerdict::kOk);
}

TEST_F(PathNormalizer, IsAFixedPointOfItself) {
  for (const char* target : {"/a/%2e./b//c", "/x/..//../y", "/%61%2e%2e/b", "/a/./././b/../c/"}) {
    for (const PathMode mode : {PathMode::kBase, PathMode::kMergeSlashes, PathMode::kDecodeAndMergeSlashes}) {
      const std::string once = Normal(target, mode);
      EXPECT_EQ(Normal(once, mode), once) << target;
    }
  }
}

}  // namespace
}  // namespace sluice::core

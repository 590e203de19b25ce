#include "core/route/host_index.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(HostIndex, ExactBeatsLongestSuffixBeatsAny) {
  const HostIndex index({{"*", 0}, {"*.com", 1}, {"*.foo.com", 2}, {"a.foo.com", 3}});

  EXPECT_EQ(index.Find("a.foo.com"), 3u);
  EXPECT_EQ(index.Find("b.foo.com"), 2u);
  EXPECT_EQ(index.Find("a.b.foo.com"), 2u);
  EXPECT_EQ(index.Find("bar.com"), 1u);
  EXPECT_EQ(index.Find("bar.org"), 0u);
}

TEST(HostIndex, AWildcardDoesNotCoverItsOwnSuffix) {
  const HostIndex index({{"*.foo.com", 1}});

  EXPECT_EQ(index.Find("foo.com"), std::nullopt);
  EXPECT_EQ(index.Find(".foo.com"), std::nullopt);
  EXPECT_EQ(index.Find("xfoo.com"), std::nullopt);
  EXPECT_EQ(index.Find("x.foo.com"), 1u);
}

TEST(HostIndex, CasePortAndTrailingDotDoNotMatter) {
  const HostIndex index({{"ranking.svc", 1}, {"[::1]", 2}, {"10.0.0.1", 3}});

  EXPECT_EQ(index.Find("Ranking.SVC"), 1u);
  EXPECT_EQ(index.Find("ranking.svc:8080"), 1u);
  EXPECT_EQ(index.Find("ranking.svc:"), 1u);
  EXPECT_EQ(index.Find("ranking.svc."), 1u);
  EXPECT_EQ(index.Find("ranking.svc.:8080"), 1u);
  EXPECT_EQ(index.Find("[::1]:8080"), 2u);
  EXPECT_EQ(index.Find("[::1]"), 2u);
  EXPECT_EQ(index.Find("10.0.0.1:1"), 3u);
  EXPECT_EQ(index.Find("ranking.svc:http"), std::nullopt);
}

TEST(HostIndex, AMissingOrOverlongNameMeetsOnlyAny) {
  const HostIndex named({{"*.com", 1}, {"a", 2}});
  const HostIndex any({{"*.com", 1}, {"*", 2}});
  std::string overlong;
  while (overlong.size() <= HostIndex::kNameMax) overlong += "label.";
  overlong += "com";

  EXPECT_EQ(named.Find(""), std::nullopt);
  EXPECT_EQ(named.Find(overlong), std::nullopt);
  EXPECT_EQ(any.Find(""), 2u);
  EXPECT_EQ(any.Find(overlong), 2u);
}

TEST(HostIndex, TheFirstOfEqualHostsWins) {
  const HostIndex index({{"a", 1}, {"a", 2}, {"*", 3}, {"*", 4}});

  EXPECT_EQ(index.Find("a"), 1u);
  EXPECT_EQ(index.Find("b"), 3u);
}

}  // namespace
}  // namespace sluice::core

#include "core/route/rewrite.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/arena.h"
#include "core/route/predicate.h"

namespace sluice::core {
namespace {

RouteMatch WithUri(StringMatch uri) {
  RouteMatch match;
  match.uri = std::move(uri);
  return match;
}

std::string Rewritten(const RouteMatch* match, std::string_view path, std::string uri) {
  Arena arena;
  Rewrite rewrite;
  rewrite.uri = std::move(uri);
  return std::string(RewritePath(rewrite, match, path, arena).value_or("<too long>"));
}

TEST(Rewrite, AnExactMatchIsReplacedAsAWhole) {
  const RouteMatch match = WithUri(StringMatch::Exact("/old"));

  EXPECT_EQ(Rewritten(&match, "/old", "/new"), "/new");
}

TEST(Rewrite, APrefixMatchLosesOnlyItsPrefix) {
  const RouteMatch match = WithUri(StringMatch::Prefix("/v1"));

  EXPECT_EQ(Rewritten(&match, "/v1/models/a", "/v2"), "/v2/models/a");
  EXPECT_EQ(Rewritten(&match, "/v1", "/v2"), "/v2");
}

TEST(Rewrite, ARegexMatchIsReplacedAsAWhole) {
  const RouteMatch match = WithUri(*StringMatch::Regex("/v[0-9]/.*"));

  EXPECT_EQ(Rewritten(&match, "/v1/models", "/new"), "/new");
}

TEST(Rewrite, WithoutUriConditionTheLeadingSlashIsThePrefix) {
  const RouteMatch no_uri;

  EXPECT_EQ(Rewritten(nullptr, "/foo", "/v2"), "/v2foo");
  EXPECT_EQ(Rewritten(&no_uri, "/foo", "/v2/"), "/v2/foo");
}

TEST(Rewrite, TheResultBeginsWithASlash) {
  const RouteMatch match = WithUri(StringMatch::Prefix("/v1/"));

  EXPECT_EQ(Rewritten(&match, "/v1/a", ""), "/a");
  EXPECT_EQ(Rewritten(&match, "/v1/", ""), "/");
}

TEST(Rewrite, ARegexRewriteReplacesEveryOccurrence) {
  Arena arena;
  Rewrite rewrite;
  rewrite.compiled_regex = *CompileRegex("/model-([a-z]+)");
  rewrite.regex_replacement = "/m/\\1";

  EXPECT_EQ(RewritePath(rewrite, nullptr, "/model-a/model-b", arena), "/m/a/m/b");
  EXPECT_EQ(RewritePath(rewrite, nullptr, "/other", arena), "/other");
}

TEST(Rewrite, AnOverlongResultIsRefused) {
  Arena arena;
  Rewrite rewrite;
  rewrite.compiled_regex = *CompileRegex("a");
  rewrite.regex_replacement = std::string(1000, 'b');

  EXPECT_EQ(RewritePath(rewrite, nullptr, "/" + std::string(5000, 'a'), arena), std::nullopt);
}

TEST(Rewrite, WithoutAnyRuleThePathStays) {
  Arena arena;

  EXPECT_EQ(RewritePath({}, nullptr, "/a", arena), "/a");
}

TEST(Rewrite, TheQueryIsJoinedWithAQuestionMark) {
  Arena arena;

  EXPECT_EQ(JoinQuery("/a", "", arena), "/a");
  EXPECT_EQ(JoinQuery("/a", "b=1", arena), "/a?b=1");
}

}  // namespace
}  // namespace sluice::core

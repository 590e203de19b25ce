// Label and field selectors: which objects they take, and what they refuse.
#include "gateway/api/selector.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

LiveObject Object() {
  LiveObject object;
  object.key = {"VirtualService", "ml", "ranking"};
  object.body = config::Json::parse(R"({"metadata":{"labels":{"team":"ranking","tier":"gold"}}})");
  return object;
}

TEST(LabelSelectorTest, TakesWhatEveryTermTakes) {
  for (const char* text : {"", "team=ranking", "team==ranking", "team!=other", "absent!=x", "team in (a, ranking)",
                           "team notin (a,b)", "tier", "!absent", "team=ranking,tier in (gold,silver),!absent"}) {
    const auto selector = LabelSelector::Parse(text);
    ASSERT_TRUE(selector) << text;
    EXPECT_TRUE(selector->Matches(Object())) << text;
  }
  for (const char* text : {"team=other", "team!=ranking", "team in (a,b)", "team notin (ranking)", "absent", "!team",
                           "absent=", "team=ranking,tier=silver"}) {
    const auto selector = LabelSelector::Parse(text);
    ASSERT_TRUE(selector) << text;
    EXPECT_FALSE(selector->Matches(Object())) << text;
  }
}

TEST(LabelSelectorTest, RefusesWhatItCannotRead) {
  for (const char* text : {"=x", "team in", "team in (a", "team near (a)", "!team in (a)", "two words"}) {
    EXPECT_FALSE(LabelSelector::Parse(text)) << text;
  }
}

TEST(FieldSelectorTest, KnowsNameAndNamespace) {
  EXPECT_TRUE(FieldSelector::Parse("metadata.name=ranking,metadata.namespace!=other")->Matches(Object()));
  EXPECT_FALSE(FieldSelector::Parse("metadata.name!=ranking")->Matches(Object()));
  EXPECT_FALSE(FieldSelector::Parse("metadata.namespace=other")->Matches(Object()));
  EXPECT_FALSE(FieldSelector::Parse("spec.hosts=x"));
  EXPECT_FALSE(FieldSelector::Parse("metadata.name"));
}

}  // namespace
}  // namespace sluice::gateway

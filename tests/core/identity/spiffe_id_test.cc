#include "core/identity/spiffe_id.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(SpiffeId, IsReadInItsParts) {
  const auto id = SpiffeId::Parse("spiffe://cluster.local/ns/ml-serving/sa/ranker");

  ASSERT_TRUE(id);
  EXPECT_EQ(id->trust_domain, "cluster.local");
  EXPECT_EQ(id->name_space, "ml-serving");
  EXPECT_EQ(id->service_account, "ranker");
  EXPECT_EQ(id->principal(), "cluster.local/ns/ml-serving/sa/ranker");
}

TEST(SpiffeId, AnythingElseIsNone) {
  for (const std::string& text :
       {std::string("spiffe://cluster.local/ns/a/sa"), std::string("spiffe://cluster.local/ns/a/sa/"),
        std::string("spiffe://cluster.local/ns/a/sa/b/c"), std::string("spiffe://cluster.local/ns//sa/b"),
        std::string("spiffe:///ns/a/sa/b"), std::string("SPIFFE://cluster.local/ns/a/sa/b"),
        std::string("spiffe://Cluster.local/ns/a/sa/b"), std::string("https://cluster.local/ns/a/sa/b"),
        std::string("spiffe://cluster.local/sa/b/ns/a"), std::string("spiffe://cluster.local/ns/a/sa/b?x"),
        std::string("spiffe://cluster.local/ns/a/sa/b#x"), std::string("spiffe://cluster.local/ns/a/sa/%62"),
        std::string("spiffe://user@cluster.local/ns/a/sa/b"), std::string("spiffe://cluster.local:1/ns/a/sa/b"),
        std::string("spiffe://cluster.local/ns/a/sa/b\0", 33), std::string("spiffe://cluster.local/ns/../sa/b"),
        "spiffe://cluster.local/ns/a/sa/" + std::string(3000, 'b'), std::string()}) {
    EXPECT_FALSE(SpiffeId::Parse(text)) << text.substr(0, 80);
  }
}

TEST(SpiffeId, NobodyHasNoPrincipal) { EXPECT_EQ(SpiffeId().principal(), ""); }

}  // namespace
}  // namespace sluice::core

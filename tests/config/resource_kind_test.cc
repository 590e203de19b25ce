#include "config/resource_kind.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::config {
namespace {

TEST(ResourceKind, IsFoundByEveryNameThatKubectlTakes) {
  for (const char* name :
       {"VirtualService", "virtualservice", "virtualservices", "VS", "vs", "virtualservices.networking.istio.io"}) {
    const ResourceKind* found = FindKindByAnyName(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->kind, "VirtualService");
  }
  for (const char* name : {"", "pods", "vs.security.istio.io", "virtualservicess"}) {
    EXPECT_EQ(FindKindByAnyName(name), nullptr) << name;
  }
}

TEST(ResourceKind, PluralsBelongToTheirGroup) {
  EXPECT_EQ(FindPlural("networking.istio.io", "gateways")->kind, "Gateway");
  EXPECT_EQ(FindPlural("security.istio.io", "gateways"), nullptr);
}

TEST(ResourceKind, VersionsAreThoseOfTheirGroup) {
  EXPECT_TRUE(HasVersion(*FindKind("DestinationRule"), "v1alpha3"));
  EXPECT_FALSE(HasVersion(*FindKind("PeerAuthentication"), "v1alpha3"));
  EXPECT_TRUE(HasVersion(*FindKind("Experiment"), "v1alpha1"));
}

TEST(ResourceKind, NoTwoShareAName) {
  std::set<std::string> names;
  for (const ResourceKind& kind : ResourceKinds()) {
    EXPECT_TRUE(names.insert(std::string(kind.plural)).second) << kind.plural;
    for (const auto name : kind.short_names) EXPECT_TRUE(names.insert(std::string(name)).second) << name;
  }
}

}  // namespace
}  // namespace sluice::config

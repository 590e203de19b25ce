#include "config/mtls_mode.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sluice::config {
namespace {

PeerAuthentication Policy(std::string name_space, MtlsMode mode, core::Labels selector = {}) {
  PeerAuthentication policy;
  policy.meta.name_space = std::move(name_space);
  policy.mode = mode;
  policy.selector = std::move(selector);
  return policy;
}

Documents With(std::vector<PeerAuthentication> policies) {
  Documents documents;
  documents.settings.identity.name_space = "ml";
  documents.settings.identity.labels = {{"app", "edge"}};
  documents.peer_authentications = std::move(policies);
  return documents;
}

TEST(MtlsMode, NobodySaysAnything) { EXPECT_EQ(MtlsModeOf(With({}), 80).mode, MtlsMode::kUnset); }

TEST(MtlsMode, TheNearerPolicyDecides) {
  const auto root = Policy("istio-system", MtlsMode::kStrict);
  const auto own = Policy("ml", MtlsMode::kPermissive);
  const auto selected = Policy("ml", MtlsMode::kDisable, {{"app", "edge"}});

  EXPECT_EQ(MtlsModeOf(With({root}), 80).mode, MtlsMode::kStrict);
  EXPECT_EQ(MtlsModeOf(With({root, own}), 80).mode, MtlsMode::kPermissive);
  EXPECT_EQ(MtlsModeOf(With({root, own, selected}), 80).mode, MtlsMode::kDisable);
}

TEST(MtlsMode, WhatIsUnsetIsInherited) {
  const auto root = Policy("istio-system", MtlsMode::kStrict);
  auto selected = Policy("ml", MtlsMode::kUnset, {{"app", "edge"}});
  selected.ports = {{8080, MtlsMode::kDisable, {}}, {8081, MtlsMode::kUnset, {}}};
  const Documents documents = With({selected, root});

  EXPECT_EQ(MtlsModeOf(documents, 80).mode, MtlsMode::kStrict);
  EXPECT_EQ(MtlsModeOf(documents, 8080).mode, MtlsMode::kDisable);
  EXPECT_EQ(MtlsModeOf(documents, 8081).mode, MtlsMode::kStrict);
}

TEST(MtlsMode, TheFirstOfOneReachDecides) {
  EXPECT_EQ(MtlsModeOf(With({Policy("ml", MtlsMode::kStrict), Policy("ml", MtlsMode::kDisable)}), 80).mode,
            MtlsMode::kStrict);
}

TEST(MtlsMode, PoliciesForOthersAreNotAsked) {
  EXPECT_EQ(MtlsModeOf(With({Policy("other", MtlsMode::kStrict)}), 80).mode, MtlsMode::kUnset);
  EXPECT_EQ(MtlsModeOf(With({Policy("ml", MtlsMode::kStrict, {{"app", "x"}})}), 80).mode, MtlsMode::kUnset);
  // Istio ignores selectors in the root namespace.
  EXPECT_EQ(MtlsModeOf(With({Policy("istio-system", MtlsMode::kStrict, {{"app", "edge"}})}), 80).mode,
            MtlsMode::kUnset);
}

}  // namespace
}  // namespace sluice::config

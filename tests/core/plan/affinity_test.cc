#include "core/plan/affinity.h"

#include <gtest/gtest.h>

#include <string>

#include "core/upstream/affinity_hash.h"

namespace sluice::core {
namespace {

class AffinityTest : public testing::Test {
 protected:
  Affinity Find(const HashKey& key, std::string_view query = "", std::string_view address = "10.1.2.3") {
    return FindAffinity(key, request_, query, address, random_, arena_);
  }

  Arena arena_;
  Head request_{arena_};
  Random random_{1};
};

HashKey Key(HashKey::Source source, std::string name) {
  HashKey key;
  key.source = source;
  key.name = std::move(name);
  return key;
}

TEST_F(AffinityTest, AHeaderIsHashedByItsValue) {
  request_.headers.AddCopy("x-user-id", "u-42");

  const Affinity affinity = Find(Key(HashKey::Source::kHeader, "x-user-id"));

  EXPECT_TRUE(affinity.found);
  EXPECT_EQ(affinity.hash, AffinityHash("u-42"));
}

TEST_F(AffinityTest, TheOrderOfRepeatedHeadersDoesNotMatter) {
  const HashKey key = Key(HashKey::Source::kHeader, "x-tag");
  request_.headers.AddCopy("x-tag", "a");
  request_.headers.AddCopy("x-tag", "b");
  const std::uint64_t hash = Find(key).hash;
  request_.headers.Clear();
  request_.headers.AddCopy("x-tag", "b");
  request_.headers.AddCopy("x-tag", "a");

  EXPECT_EQ(Find(key).hash, hash);
  EXPECT_NE(hash, AffinityHash("a"));
}

TEST_F(AffinityTest, AMissingKeyGivesNoHash) {
  EXPECT_FALSE(Find(Key(HashKey::Source::kHeader, "x-user-id")).found);
  EXPECT_FALSE(Find(Key(HashKey::Source::kQueryParameter, "u"), "v=1").found);
  EXPECT_FALSE(Find(Key(HashKey::Source::kCookie, "uid")).found);
  EXPECT_FALSE(Find(Key(HashKey::Source::kSourceIp, ""), "", "").found);
}

TEST_F(AffinityTest, QueryAndAddressAreHashedAsSent) {
  EXPECT_EQ(Find(Key(HashKey::Source::kQueryParameter, "u"), "u=a%20b&u=c").hash, AffinityHash("a%20b"));
  EXPECT_EQ(Find(Key(HashKey::Source::kSourceIp, "")).hash, AffinityHash("10.1.2.3"));
}

TEST_F(AffinityTest, ASentCookieIsUsedAndNotRenewed) {
  request_.headers.AddCopy("cookie", "uid=\"abc\"");
  HashKey key = Key(HashKey::Source::kCookie, "uid");
  key.cookie_ttl = Seconds(60);

  const Affinity affinity = Find(key);

  EXPECT_EQ(affinity.hash, AffinityHash("abc"));
  EXPECT_TRUE(affinity.set_cookie.empty());
}

TEST_F(AffinityTest, AGeneratedCookieLeadsBackToTheSameHash) {
  HashKey key = Key(HashKey::Source::kCookie, "uid");
  key.cookie_path = "/rank";
  key.cookie_ttl = Seconds(60);

  const Affinity made = Find(key);

  ASSERT_TRUE(made.found);
  const std::string cookie(made.set_cookie);
  EXPECT_TRUE(cookie.starts_with("uid=\""));
  EXPECT_TRUE(cookie.ends_with("\"; Max-Age=60; Path=/rank; HttpOnly"));
  request_.headers.AddCopy("cookie", cookie.substr(0, cookie.find(';')));
  EXPECT_EQ(Find(key).hash, made.hash);
}

TEST_F(AffinityTest, ATtlOfZeroMakesASessionCookie) {
  HashKey key = Key(HashKey::Source::kCookie, "uid");
  key.cookie_ttl = Duration(0);

  EXPECT_EQ(Find(key).set_cookie.find("Max-Age"), std::string_view::npos);
  EXPECT_FALSE(Find(key).set_cookie.empty());
}

}  // namespace
}  // namespace sluice::core

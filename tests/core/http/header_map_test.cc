#include "core/http/header_map.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

class HeaderMapTest : public ::testing::Test {
 protected:
  Arena arena;
  HeaderMap map{arena};
};

TEST_F(HeaderMapTest, FindsTheFirstFieldOfAName) {
  map.AddCopy("X-Thing", "1");
  map.AddCopy("x-thing", "2");
  map.AddCopy("Accept", "3");
  EXPECT_EQ(map.Find("x-thing"), "1");
  EXPECT_EQ(map.Find("accept"), "3");
  EXPECT_EQ(map.Find(HeaderName::kAccept), "3");
  EXPECT_EQ(map.Find("x-none"), std::nullopt);
  EXPECT_FALSE(map.Has(HeaderName::kCookie));
}

TEST_F(HeaderMapTest, CopiesWhatItIsToldToCopy) {
  std::string name = "X-Name";
  std::string value = "value";
  map.AddCopy(name, value);
  name = value = "gone";
  EXPECT_EQ(map.fields()[0].name, "x-name");
  EXPECT_EQ(map.fields()[0].value, "value");
}

TEST_F(HeaderMapTest, SetLeavesOneField) {
  map.AddCopy("x-a", "1");
  map.AddCopy("x-b", "2");
  map.AddCopy("x-a", "3");
  map.Set("x-a", "4");
  map.Set(HeaderName::kServer, "s");
  map.Set(HeaderName::kServer, "t");
  EXPECT_EQ(map.size(), 3u);
  EXPECT_EQ(map.Find("x-a"), "4");
  EXPECT_EQ(map.Find("server"), "t");
}

TEST_F(HeaderMapTest, RemovesAndKeepsTheOrder) {
  for (const char* name : {"x-a", "cookie", "x-b", "cookie", "x-c"}) map.AddCopy(name, "1");
  EXPECT_EQ(map.Remove("cookie"), 2u);
  EXPECT_EQ(map.Remove(HeaderName::kCookie), 0u);
  EXPECT_EQ(map.Remove("x-b"), 1u);
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map.fields()[0].name, "x-a");
  EXPECT_EQ(map.fields()[1].name, "x-c");
  EXPECT_EQ(map.Find("x-c"), "1");
}

// The set of names must be that of the fields after every way to change them.
TEST_F(HeaderMapTest, TheSetOfNamesFollowsTheFields) {
  const auto expected = [](const HeaderMap& fields) {
    HeaderNameSet names;
    for (const HeaderMap::Field& field : fields.fields()) names.Add(field.code);
    return names;
  };
  for (const char* name : {"cookie", "accept", "cookie", "x-own", "host"}) map.AddCopy(name, "1");
  map.AddLexed("server", "s");
  map.AddBorrowed(HeaderName::kVia, "v");
  EXPECT_EQ(map.names(), expected(map));
  EXPECT_TRUE(map.Has(HeaderName::kOther));
  EXPECT_TRUE(map.Has(HeaderName::kVia));

  map.Remove("x-own");
  map.Remove(HeaderName::kCookie);
  map.Set(HeaderName::kAccept, "2");
  EXPECT_EQ(map.names(), expected(map));
  EXPECT_FALSE(map.Has(HeaderName::kOther));
  EXPECT_FALSE(map.Has(HeaderName::kCookie));

  map.RemoveIf([](const HeaderMap::Field& field) { return field.name == "via"; });
  EXPECT_EQ(map.names(), expected(map));

  HeaderMap copy(arena);
  copy.CopyFrom(map);
  EXPECT_EQ(copy.names(), map.names());
  HeaderMap shared(arena);
  shared.AddCopy("te", "gone");
  shared.ShareFrom(map);
  EXPECT_EQ(shared.names(), map.names());
  const HeaderMap moved = std::move(copy);
  EXPECT_EQ(moved.names(), map.names());
  map.Clear();
  EXPECT_EQ(map.names(), HeaderNameSet());
  EXPECT_EQ(map.Find(HeaderName::kAccept), std::nullopt);
}

// A writer trusts it, so it must never be set on text that nobody has looked at.
TEST_F(HeaderMapTest, OnlyWhatWasLexedIsSaidToBe) {
  map.AddLexed("x-read", "1");
  map.AddBorrowed("x-made", "2");
  map.AddBorrowed(HeaderName::kServer, "3");
  map.AddCopy("x-copied", "4");
  map.Set("x-read-too", "5");
  HeaderMap copy(arena);
  copy.CopyFrom(map);
  for (const HeaderMap* fields : {&map, &copy}) {
    for (const HeaderMap::Field& field : fields->fields()) EXPECT_EQ(field.lexed, field.name == "x-read") << field.name;
  }
  map.Set("x-read", "6");
  EXPECT_FALSE(map.fields().back().lexed);
}

TEST_F(HeaderMapTest, JoinsRepeatedFieldsAndBorrowsASingleOne) {
  map.AddCopy("x-a", "1");
  map.AddCopy("x-b", "9");
  EXPECT_EQ(map.Joined("x-a", HeaderName::kOther, arena)->data(), map.fields()[0].value.data());
  map.AddCopy("x-a", "");
  map.AddCopy("x-a", "3");
  EXPECT_EQ(map.Joined("x-a", HeaderName::kOther, arena), "1,,3");
  EXPECT_EQ(map.Joined("x-none", HeaderName::kOther, arena), std::nullopt);
}

TEST_F(HeaderMapTest, JoinsAnEmptyFirstValueWithItsSuccessor) {
  map.AddCopy("x-a", "");
  map.AddCopy("x-a", "b");
  EXPECT_EQ(map.Joined("x-a", HeaderName::kOther, arena), ",b");
}

TEST_F(HeaderMapTest, GrowsBeyondItsFirstRoom) {
  for (int i = 0; i < 100; ++i) map.AddCopy("x-" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(map.size(), 100u);
  EXPECT_EQ(map.Find("x-0"), "0");
  EXPECT_EQ(map.Find("x-99"), "99");
}

TEST_F(HeaderMapTest, ADeepCopyOutlivesItsOrigin) {
  Arena other_arena;
  HeaderMap copy(other_arena);
  {
    Arena short_arena;
    HeaderMap origin(short_arena);
    origin.AddCopy("X-Own", "value");
    origin.AddCopy("Accept", "a");
    copy.CopyFrom(origin);
  }
  EXPECT_EQ(copy.Find("x-own"), "value");
  EXPECT_EQ(copy.Find(HeaderName::kAccept), "a");
}

TEST_F(HeaderMapTest, ASharedMapChangesAlone) {
  map.AddCopy("x-a", "1");
  Arena other_arena;
  HeaderMap shared(other_arena);
  shared.ShareFrom(map);
  shared.Set("x-a", "2");
  EXPECT_EQ(map.Find("x-a"), "1");
  EXPECT_EQ(shared.Find("x-a"), "2");
}

TEST_F(HeaderMapTest, MovesItsFields) {
  map.AddCopy("x-a", "1");
  HeaderMap moved = std::move(map);
  EXPECT_EQ(moved.Find("x-a"), "1");
}

TEST_F(HeaderMapTest, CountsThirtyTwoBytesPerField) {
  map.AddCopy("ab", "cde");
  map.AddCopy("f", "");
  EXPECT_EQ(map.ByteSize(), 5u + 32 + 1 + 32);
}

}  // namespace
}  // namespace sluice::core

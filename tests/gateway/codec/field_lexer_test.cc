#include "gateway/codec/field_lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

int StatusOf(std::string text, std::uint32_t name_max = 256) {
  core::Arena arena;
  core::HeaderMap fields(arena);
  const auto result = LexFields(text.data(), text.size(), name_max, fields);
  return result ? 0 : result.error().status;
}

TEST(FieldLexer, FoldsNamesAndTrimsValues) {
  core::Arena arena;
  core::HeaderMap fields(arena);
  std::string text = "X-One: \t a b \r\nTWO:\r\n\r\n";
  ASSERT_TRUE(LexFields(text.data(), text.size(), 256, fields));
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields.fields()[0].name, "x-one");
  EXPECT_EQ(fields.fields()[0].value, "a b");
  EXPECT_EQ(fields.fields()[1].name, "two");
  EXPECT_EQ(fields.fields()[1].value, "");
  for (const core::HeaderMap::Field& field : fields.fields()) EXPECT_TRUE(field.lexed);
}

TEST(FieldLexer, TakesNoFieldsAtAll) { EXPECT_EQ(StatusOf("\r\n"), 0); }

TEST(FieldLexer, RefusesEverythingElse) {
  for (const char* bad :
       {" a: b\r\n\r\n", "\ta: b\r\n\r\n", "a : b\r\n\r\n", "a\r\n\r\n", ": b\r\n\r\n", "a: b\n\r\n", "a: b\rc\r\n\r\n",
        "a: \x01\r\n\r\n", "a\xff: b\r\n\r\n", "a: b\r\n", "a: b\r\n\r", "a: b\r\n\r\nx", "a", "a:", ""}) {
    EXPECT_EQ(StatusOf(bad), 400) << bad;
  }
}

TEST(FieldLexer, BoundsNames) {
  EXPECT_EQ(StatusOf("abc: d\r\n\r\n", 3), 0);
  EXPECT_EQ(StatusOf("abcd: d\r\n\r\n", 3), 431);
}

}  // namespace
}  // namespace sluice::gateway

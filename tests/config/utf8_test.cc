#include "config/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::config {
namespace {

TEST(Utf8, TextOfEverySequenceLengthIsValid) {
  EXPECT_EQ(FindInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("plain"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("\xc2\x80 \xdf\xbf"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"), std::nullopt);
}

TEST(Utf8, OffsetOfTheFirstBadSequenceIsGiven) {
  EXPECT_EQ(FindInvalidUtf8("ab\xff"), 2U);
  EXPECT_EQ(FindInvalidUtf8("\xc3\xa9\xc3"), 2U);
}

TEST(Utf8, OverlongSurrogateTooHighAndCutSequencesAreInvalid) {
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x92"}) {
    EXPECT_EQ(FindInvalidUtf8(text), 0U) << text;
  }
}

}  // namespace
}  // namespace sluice::config

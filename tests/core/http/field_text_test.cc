#include "core/http/field_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

// One byte at every place of a text that is long enough for the eight-byte way and its rest.
std::string With(char c, std::size_t place) {
  std::string text(21, 'a');
  text[place] = c;
  return text;
}

TEST(FieldText, RefusesEveryControlByteButTheTabAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool legal = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    for (std::size_t place = 0; place < 21; ++place) {
      const std::string text = With(static_cast<char>(byte), place);
      EXPECT_EQ(IsFieldText(text), legal) << byte << " at " << place;
      const char* const end = text.data() + text.size();
      EXPECT_EQ(SkipFieldText(text.data(), end), legal ? end : text.data() + place) << byte << " at " << place;
    }
  }
}

TEST(FieldText, VisibleTextHoldsNoBlanks) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool legal = byte > 0x20 && byte != 0x7f;
    for (std::size_t place = 0; place < 21; ++place) {
      EXPECT_EQ(IsVisibleText(With(static_cast<char>(byte), place)), legal) << byte << " at " << place;
    }
  }
}

TEST(FieldText, ASuspectBesideALegalByteIsStillFound) {
  EXPECT_FALSE(IsFieldText("\t\x01xxxxxxxxxxxxxx"));
  EXPECT_TRUE(IsFieldText("\t\x80\xff\x21\x20xxxxxxxxxxx"));
  EXPECT_TRUE(IsFieldText(""));
}

TEST(FieldText, SkipsToTheFirstOfSeveralBytesThatAreNoText) {
  for (const std::string text :
       {"ab\r\n", "\t\t\t\t\t\t\t\t\t\r\n\r\n", "abc\x7f\x01xxxxxxxx", "abc\x01\x7f\x7fxxxxxxx", "\r\n", ""}) {
    const std::size_t expected = std::min(text.find_first_of("\r\n\x7f\x01"), text.size());
    EXPECT_EQ(SkipFieldText(text.data(), text.data() + text.size()), text.data() + expected) << expected;
  }
}

TEST(FieldText, FoldsNamesAndRefusesWhatIsNoToken) {
  std::string name = "X-Request_Id!";
  EXPECT_TRUE(FoldName(name.data(), name.size()));
  EXPECT_EQ(name, "x-request_id!");
  for (std::string bad : {"a b", "a:", "a\xff", "(a)"}) EXPECT_FALSE(FoldName(bad.data(), bad.size())) << bad;
  EXPECT_FALSE(FoldName(name.data(), 0));
}

}  // namespace
}  // namespace sluice::core

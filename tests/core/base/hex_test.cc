#include "core/base/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::core {
namespace {

TEST(Hex, EveryByteIsTwoDigits) {
  const std::array<unsigned char, 4> bytes = {0x00, 0x0f, 0xa0, 0xff};

  EXPECT_EQ(ToHex(bytes), "000fa0ff");
  EXPECT_EQ(ToHex({}), "");
}

TEST(Hex, ANumberIsSixteenDigitsTheHighestFirst) {
  std::string text(17, '.');

  char* const end = WriteHex(0x0123456789abcdefULL, text.data());

  EXPECT_EQ(text, "0123456789abcdef.");
  EXPECT_EQ(end, text.data() + 16);
}

}  // namespace
}  // namespace sluice::core

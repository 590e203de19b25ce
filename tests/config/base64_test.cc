#include "config/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::config {
namespace {

TEST(Base64, TextOfEveryPaddingComesBack) {
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("Zg=="), "f");
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64("Zm9vYg=="), "foob");
}

TEST(Base64, BytesThatAreNoTextComeBackToo) { EXPECT_EQ(DecodeBase64("AP/+"), std::string("\x00\xff\xfe", 3)); }

TEST(Base64, WhatIsWrittenIsReadBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(EncodeBase64("foob"), "Zm9vYg==");
}

TEST(Base64, WhatNoEncoderWritesIsRefused) {
  for (const char* text :
       {"Zg", "Zg=", "=", "====", "Z===", "Zm9v====", "Zg==Zg==", "Z g=", "Zm-_", "Zm9v\n", "Zh=="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::config

#include "core/http/uri_escape.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(UriEscape, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(EscapeUri("ml-serving/a b&c=d\xc3\xa9"), "ml-serving%2Fa%20b%26c%3Dd%C3%A9");
  EXPECT_EQ(EscapeUri("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(EscapeUri(std::string_view("\0%+", 3)), "%00%25%2B");
}

}  // namespace
}  // namespace sluice::core

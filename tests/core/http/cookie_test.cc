#include "core/http/cookie.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(Cookie, IsFoundAmongOthers) {
  Arena arena;
  HeaderMap headers(arena);
  headers.AddCopy("cookie", "theme=dark; user=u-42;lang=de");

  EXPECT_EQ(FindCookie(headers, "user"), "u-42");
  EXPECT_EQ(FindCookie(headers, "lang"), "de");
  EXPECT_EQ(FindCookie(headers, "User"), std::nullopt);
  EXPECT_EQ(FindCookie(headers, "use"), std::nullopt);
}

TEST(Cookie, IsFoundInAnyCookieField) {
  Arena arena;
  HeaderMap headers(arena);
  headers.AddCopy("cookie", "a=1");
  headers.AddCopy("cookie", "b=2");

  EXPECT_EQ(FindCookie(headers, "b"), "2");
}

TEST(Cookie, LosesItsQuotes) {
  Arena arena;
  HeaderMap headers(arena);
  headers.AddCopy("cookie", "a=\"quoted\"; b=\"; c=");

  EXPECT_EQ(FindCookie(headers, "a"), "quoted");
  EXPECT_EQ(FindCookie(headers, "b"), "\"");
  EXPECT_EQ(FindCookie(headers, "c"), "");
}

TEST(Cookie, IsNotFoundWithoutCookieFields) {
  Arena arena;
  HeaderMap headers(arena);
  headers.AddCopy("x-cookie", "a=1");

  EXPECT_EQ(FindCookie(headers, "a"), std::nullopt);
}

}  // namespace
}  // namespace sluice::core

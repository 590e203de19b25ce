#include "gateway/admin/admin_guard.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

constexpr std::string_view kRight = "Bearer 0123456789abcdef";

AdminGuard Guard(bool loopback, std::string token, bool certificate = false) {
  return {std::move(token), loopback, certificate};
}

TEST(AdminGuard, OnLoopbackNothingIsAskedUnlessATokenIsSet) {
  EXPECT_TRUE(Guard(true, "").Allows("", true));
  EXPECT_TRUE(Guard(true, "").Allows("", false));
  const AdminGuard with = Guard(true, "0123456789abcdef");
  EXPECT_TRUE(with.Allows("", true)) << "reading stays free";
  EXPECT_FALSE(with.Allows("", false));
  EXPECT_TRUE(with.Allows(kRight, false));
}

TEST(AdminGuard, ElsewhereEverythingNeedsTheTokenOrACertificate) {
  const AdminGuard guard = Guard(false, "0123456789abcdef");
  EXPECT_FALSE(guard.Allows("", true));
  EXPECT_TRUE(guard.Allows(kRight, true));
  EXPECT_TRUE(Guard(false, "", true).Allows("", false));
  EXPECT_FALSE(Guard(false, "").Allows("Bearer ", true)) << "no token is not the empty token";
}

TEST(AdminGuard, ATokenIsRightAsAWholeOrNotAtAll) {
  const AdminGuard guard = Guard(false, "0123456789abcdef");
  for (const std::string_view wrong :
       {"Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer 0123456789abcdef0123456789abcdef",
        "Bearer 0123456789abcdeg", "0123456789abcdef", "Basic 0123456789abcdef", "Bearer  0123456789abcdef"}) {
    EXPECT_FALSE(guard.Knows(wrong)) << wrong;
  }
  EXPECT_TRUE(guard.Knows("bearer 0123456789abcdef"));
}

}  // namespace
}  // namespace sluice::gateway

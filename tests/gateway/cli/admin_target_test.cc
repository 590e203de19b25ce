#include "gateway/cli/admin_target.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

TEST(AdminTarget, TakesTheFormsOfAnAddress) {
  const struct {
    const char* given;
    const char* url;
  } cases[] = {{"10.0.0.1:1234", "http://10.0.0.1:1234"},
               {"gateway.ml", "http://gateway.ml:15000"},
               {"[::1]:80", "http://[::1]:80"},
               {"https://gateway.ml:443/", "https://gateway.ml:443"},
               {"HTTP://localhost:1", "http://localhost:1"},
               {"", "http://127.0.0.1:15000"}};
  for (const auto& [given, url] : cases) {
    const auto target = ResolveTarget({.server = given});
    ASSERT_TRUE(target) << given << ": " << target.error().Text();
    EXPECT_EQ(target->Url(), url);
  }
}

TEST(AdminTarget, RefusesOtherAddressesWithACure) {
  for (const char* given : {"15000", ":15000", "a:0", "a:99999", "ftp://a:1", "http://a:1/page", "user@a:1", "::1"}) {
    const auto target = ResolveTarget({.server = given});
    ASSERT_FALSE(target) << given;
    EXPECT_EQ(target.error().code, core::ErrorCode::kInvalidArgument);
    EXPECT_NE(target.error().cure.find("HOST:PORT"), std::string::npos);
  }
}

TEST(AdminTarget, TheStateDirectoryTellsAddressTokenAndAuthority) {
  TemporaryDirectory directory;
  directory.Write("admin-address", "127.0.0.1:4711\n");
  directory.Write("admin-token", "secret-secret-secret\n");
  EXPECT_EQ(ResolveTarget({.state_dir = directory.path()})->Url(), "http://127.0.0.1:4711");
  directory.Write("admin-ca.crt", "pem");
  const auto target = ResolveTarget({.state_dir = directory.path()});
  ASSERT_TRUE(target) << target.error().Text();
  EXPECT_EQ(target->Url(), "https://127.0.0.1:4711");
  EXPECT_EQ(target->token, "secret-secret-secret");
  EXPECT_EQ(target->ca, directory.path().string() + "/admin-ca.crt");
}

TEST(AdminTarget, WhatIsSaidBeatsTheStateDirectory) {
  TemporaryDirectory directory;
  directory.Write("admin-address", "127.0.0.1:4711\n");
  directory.Write("admin-token", "secret-secret-secret\n");
  directory.Write("other", "another-another-another\n");
  const auto target = ResolveTarget({.server = "localhost:1",
                                     .state_dir = directory.path(),
                                     .token_file = directory.path().string() + "/other",
                                     .ca = "mine"});
  ASSERT_TRUE(target) << target.error().Text();
  EXPECT_EQ(target->Url(), "http://localhost:1");
  EXPECT_EQ(target->token, "another-another-another");
  EXPECT_EQ(target->ca, "mine");
}

TEST(AdminTarget, AStateDirectoryWithoutGatewayIsNotTakenForTheDefaultOne) {
  TemporaryDirectory directory;
  const auto target = ResolveTarget({.state_dir = directory.path()});
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, core::ErrorCode::kUnavailable);
  EXPECT_NE(target.error().cure.find("--server"), std::string::npos);
  EXPECT_TRUE(ResolveTarget({.server = "localhost:1", .state_dir = directory.path()}));
}

TEST(AdminTarget, ATokenFileThatIsNoneIsRefused) {
  TemporaryDirectory directory;
  directory.Write("empty", "");
  directory.Write("two", "a\nb\n");
  directory.Write("big", std::string(100'000, 'x'));
  for (const char* name : {"missing", "empty", "two", "big"}) {
    EXPECT_FALSE(ResolveTarget({.token_file = directory.path().string() + "/" + name})) << name;
  }
}

}  // namespace
}  // namespace sluice::gateway

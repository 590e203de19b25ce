#include "core/route/redirect.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

// The request that is redirected.
struct Asked {
  std::string_view scheme = "http";
  std::string_view authority = "shop.example:8080";
  std::string_view path = "/old/item";
  std::string_view query = "q=1";
  std::uint16_t listener_port = 8080;
};

std::string Location(const Redirect& redirect, const Asked& asked = {}, const RouteMatch* match = nullptr) {
  Arena arena;
  Head head(arena);
  head.scheme = asked.scheme;
  head.authority = asked.authority;
  return std::string(RedirectLocation(redirect, match, {&head, asked.path, asked.query, asked.listener_port}, arena));
}

TEST(Redirect, KeepsWhatTheRuleDoesNotName) { EXPECT_EQ(Location({}), "http://shop.example:8080/old/item?q=1"); }

TEST(Redirect, UriReplacesThePathAndKeepsTheQuery) {
  Redirect redirect;
  redirect.uri = "/new";

  EXPECT_EQ(Location(redirect), "http://shop.example:8080/new?q=1");
}

TEST(Redirect, AQueryInTheRuleReplacesTheClients) {
  Redirect redirect;
  redirect.uri = "/new?a=b";

  EXPECT_EQ(Location(redirect), "http://shop.example:8080/new?a=b");
}

TEST(Redirect, PrefixRewriteReplacesTheMatchedPrefix) {
  Redirect redirect;
  redirect.prefix_rewrite = "/new";
  RouteMatch match;
  match.uri = StringMatch::Prefix("/old");

  EXPECT_EQ(Location(redirect, {}, &match), "http://shop.example:8080/new/item?q=1");
}

TEST(Redirect, AuthorityReplacesHostAndPort) {
  Redirect redirect;
  redirect.authority = "new.example";

  EXPECT_EQ(Location(redirect), "http://new.example/old/item?q=1");
}

TEST(Redirect, PortReplacesTheOldOne) {
  Redirect redirect;
  redirect.port = 9000;

  EXPECT_EQ(Location(redirect), "http://shop.example:9000/old/item?q=1");
  EXPECT_EQ(Location(redirect, {.authority = "[::1]:1"}), "http://[::1]:9000/old/item?q=1");
  EXPECT_EQ(Location(redirect, {.authority = "[::1]"}), "http://[::1]:9000/old/item?q=1");
}

TEST(Redirect, DefaultPortsAreNeverWritten) {
  Redirect to_80;
  to_80.port = 80;
  Redirect to_https;
  to_https.scheme = "https";
  to_https.port = 443;
  Redirect https_80;
  https_80.scheme = "https";
  https_80.port = 80;

  EXPECT_EQ(Location(to_80), "http://shop.example/old/item?q=1");
  EXPECT_EQ(Location(to_https), "https://shop.example/old/item?q=1");
  EXPECT_EQ(Location(https_80), "https://shop.example:80/old/item?q=1");
  EXPECT_EQ(Location({}, {.authority = "shop.example:80"}), "http://shop.example/old/item?q=1");
}

TEST(Redirect, AChangeOfSchemeDropsTheOldDefaultPort) {
  Redirect redirect;
  redirect.scheme = "https";

  EXPECT_EQ(Location(redirect, {.authority = "shop.example:80"}), "https://shop.example/old/item?q=1");
  EXPECT_EQ(Location(redirect), "https://shop.example:8080/old/item?q=1");
}

TEST(Redirect, DerivedPorts) {
  Redirect from_protocol;
  from_protocol.derive_port = Redirect::DerivePort::kFromProtocolDefault;
  Redirect from_request;
  from_request.derive_port = Redirect::DerivePort::kFromRequestPort;

  EXPECT_EQ(Location(from_protocol), "http://shop.example/old/item?q=1");
  EXPECT_EQ(Location(from_request, {.listener_port = 15080}), "http://shop.example:15080/old/item?q=1");
  EXPECT_EQ(Location(from_request, {.listener_port = 80}), "http://shop.example/old/item?q=1");
}

TEST(Redirect, WithoutAuthorityOnlyThePathIsGiven) { EXPECT_EQ(Location({}, {.authority = ""}), "/old/item?q=1"); }

}  // namespace
}  // namespace sluice::core

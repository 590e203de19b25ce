#include "core/http/host_port.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sluice::core {
namespace {

TEST(HostPort, ReadsNamesAddressesAndPorts) {
  EXPECT_EQ(ParseHostPort("Model-1.svc_x:8080")->host, "Model-1.svc_x");
  EXPECT_EQ(ParseHostPort("Model-1.svc_x:8080")->port, 8080);
  EXPECT_EQ(ParseHostPort("h")->port, std::nullopt);
  EXPECT_EQ(ParseHostPort("10.0.0.1:1")->host, "10.0.0.1");
  EXPECT_EQ(ParseHostPort("[::1]")->host, "[::1]");
  EXPECT_EQ(ParseHostPort("[2001:db8::1.2.3.4]:65535")->port, 65535);
}

TEST(HostPort, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const char* bad : {"",    ":80", "a:",    "a:0",    "a:65536", "a:000080", "a:+80",   "a:8 0", "a b",  "a,b",
                          "a/b", "u@h", "a@",    "a?b",    "a#b",     "a\\b",     "%61",     "a%",    "[::1", "::1",
                          "[]",  "[:]", "[::g]", "[::1]x", "[::1]:",  "h\x80",    "a:80:80", "a;b",   "\"a\""}) {
    EXPECT_FALSE(ParseHostPort(bad)) << bad;
  }
  EXPECT_TRUE(ParseHostPort(std::string(255, 'a')));
  EXPECT_FALSE(ParseHostPort(std::string(256, 'a')));
}

TEST(HostPort, RoutingTellsHostsApartWithoutPortAndTrailingDot) {
  for (const auto& [sent, routed] : {std::pair("a.b", "a.b"), std::pair("a.b:80", "a.b"), std::pair("a.b:", "a.b"),
                                     std::pair("a.b.", "a.b"), std::pair("a.b.:80", "a.b"), std::pair("a.b:x", "a.b:x"),
                                     std::pair("[::1]:80", "[::1]"), std::pair("::1", "::1"), std::pair("", "")}) {
    EXPECT_EQ(RoutedHost(sent), routed) << sent;
  }
}

}  // namespace
}  // namespace sluice::core

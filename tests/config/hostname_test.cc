#include "config/hostname.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::config {
namespace {

TEST(Hostname, LabelIsLowerCaseWithInnerDashes) {
  EXPECT_TRUE(IsDnsLabel("v45"));
  EXPECT_TRUE(IsDnsLabel("a-b"));
  EXPECT_TRUE(IsDnsLabel(std::string(63, 'a')));
  for (const std::string& text : {std::string(), std::string("-a"), std::string("a-"), std::string("V45"),
                                  std::string("a.b"), std::string("a_b"), std::string(64, 'a')}) {
    EXPECT_FALSE(IsDnsLabel(text)) << text;
  }
}

TEST(Hostname, WildcardsStandInFrontAndOnlyWhereAllowed) {
  EXPECT_TRUE(IsHostName("api.example.com", false));
  EXPECT_TRUE(IsHostName("*.example.com", true));
  EXPECT_TRUE(IsHostName("*", true));
  for (const char* text : {"*", "*.example.com"}) EXPECT_FALSE(IsHostName(text, false)) << text;
  for (const char* text : {"a.*.com", "*a.com", "**", "a..b", "", ".", "http://a", "a:80", "a b", "a/b"}) {
    EXPECT_FALSE(IsHostName(text, true)) << text;
  }
  EXPECT_FALSE(IsHostName(std::string(254, 'a'), true));
}

TEST(Hostname, AddressesAndRangesAreToldFromNames) {
  EXPECT_TRUE(IsIpLiteral("10.0.0.1"));
  EXPECT_TRUE(IsIpLiteral("::1"));
  for (const char* text : {"10.0.0", "10.0.0.256", "010.0.0.1", "[::1]", "", "::1%lo", "a"}) {
    EXPECT_FALSE(IsIpLiteral(text)) << text;
  }
  for (const char* text : {"10.0.0.0/8", "10.0.0.1", "fd00::/64", "::/128"}) EXPECT_TRUE(IsCidr(text)) << text;
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "a/8", "/8"}) {
    EXPECT_FALSE(IsCidr(text)) << text;
  }
}

TEST(Hostname, NameWithoutDotIsExpandedAndOthersStay) {
  EXPECT_EQ(ExpandHost("Ranking", "ml"), "ranking.ml.svc.cluster.local");
  EXPECT_EQ(ExpandHost("ranking.ml", "other"), "ranking.ml");
  EXPECT_EQ(ExpandHost("api.example.com.", "ml"), "api.example.com");
  EXPECT_EQ(ExpandHost("*", "ml"), "*");
  EXPECT_EQ(ExpandHost("::1", "ml"), "::1");
}

TEST(Hostname, ServiceAnswersToEveryFormOfItsName) {
  EXPECT_EQ(ServiceNames("a.ml.svc.cluster.local"),
            (std::vector<std::string>{"a.ml.svc.cluster.local", "a.ml.svc", "a.ml"}));
  EXPECT_EQ(ServiceNames("api.example.com"), std::vector<std::string>{"api.example.com"});
  EXPECT_EQ(ShortName("a.ml.svc.cluster.local"), "a");
  EXPECT_EQ(ShortName("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(NamespaceOf("a.ml.svc.cluster.local"), "ml");
  EXPECT_EQ(NamespaceOf("api.example.com"), "");
  EXPECT_EQ(NamespaceOf("x.a.ml.svc.cluster.local"), "");
}

TEST(Hostname, WildcardCoversWhatLiesBelowItAndNotItself) {
  EXPECT_TRUE(HostCovers("*", "anything"));
  EXPECT_TRUE(HostCovers("*.foo.com", "a.foo.com"));
  EXPECT_TRUE(HostCovers("*.foo.com", "a.b.foo.com"));
  EXPECT_TRUE(HostCovers("*.foo.com", "*.b.foo.com"));
  EXPECT_TRUE(HostCovers("*.foo.com", "*.foo.com"));
  EXPECT_FALSE(HostCovers("*.foo.com", "foo.com"));
  EXPECT_FALSE(HostCovers("*.foo.com", "afoo.com"));
  EXPECT_FALSE(HostCovers("*.foo.com", "*.com"));
  EXPECT_FALSE(HostCovers("a.foo.com", "b.foo.com"));
}

TEST(Hostname, SixthVersionAddressesGetBrackets) {
  EXPECT_EQ(JoinHostPort("127.0.0.1", 80), "127.0.0.1:80");
  EXPECT_EQ(JoinHostPort("::1", 80), "[::1]:80");
}

}  // namespace
}  // namespace sluice::config

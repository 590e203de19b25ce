#include "core/http/cidr.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

bool Contains(std::string_view range, std::string_view address) {
  return Cidr::Parse(range)->Contains(*ParseIp(address));
}

TEST(Cidr, ReadsAddresses) {
  EXPECT_EQ(*ParseIp("1.2.3.4"), *ParseIp("::ffff:1.2.3.4"));
  EXPECT_EQ(*ParseIp("::ffff:102:304"), *ParseIp("1.2.3.4"));
  EXPECT_EQ((*ParseIp("2001:db8::1"))[15], 1);
  EXPECT_EQ(*ParseIp("2001:db8:0:0:0:0:0:1"), *ParseIp("2001:DB8::1"));
  EXPECT_EQ(*ParseIp("::"), IpBytes{});
  EXPECT_EQ((*ParseIp("1::"))[1], 1);
}

TEST(Cidr, RefusesWhatIsNoAddress) {
  for (const char* bad : {"",
                          "1.2.3",
                          "1.2.3.4.5",
                          "01.2.3.4",
                          "256.1.1.1",
                          "1.2.3.",
                          ".1.2.3",
                          "a",
                          "1:2",
                          ":1",
                          "1:",
                          ":::",
                          "1::2::3",
                          "12345::",
                          "::1.2.3",
                          "1.2.3.4::",
                          "1:2:3:4:5:6:7:8:9",
                          "::g",
                          "fe80::1%eth0",
                          "[::1]",
                          "1:2:3:4:5:6:7::8",
                          "0:0:0:0:0:0:0:0:1.2.3.4"}) {
    EXPECT_FALSE(ParseIp(bad)) << bad;
  }
}

TEST(Cidr, ContainsByPrefixOfBits) {
  EXPECT_TRUE(Contains("10.0.0.0/8", "10.255.1.1"));
  EXPECT_FALSE(Contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(Contains("192.168.16.0/20", "192.168.31.255"));
  EXPECT_FALSE(Contains("192.168.16.0/20", "192.168.32.0"));
  EXPECT_TRUE(Contains("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(Contains("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(Contains("0.0.0.0/0", "9.9.9.9"));
  EXPECT_FALSE(Contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(Contains("fd00::/8", "fdff::1"));
  EXPECT_TRUE(Contains("::/0", "1.2.3.4"));
}

TEST(Cidr, RefusesBadRangesWithACure) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "x/8", "1.2.3.4/-1"}) {
    const auto result = Cidr::Parse(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_FALSE(result.error().cure.empty());
  }
}

}  // namespace
}  // namespace sluice::core

#include "tls/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/pki.h"

namespace sluice::tls {
namespace {

using namespace std::string_literals;
using Kind = RawName::Kind;

const Pki& Shared() {
  static const Pki kPki;
  return kPki;
}

core::Result<Names> With(std::vector<RawName> names) {
  LeafRequest request = Pki::Leaf("");
  request.raw_names = std::move(names);
  return ReadNames(*Shared().Issued(request));
}

TEST(Names, AreReadByTypeAndDnsNamesInLowerCase) {
  LeafRequest request = Pki::Leaf("Model.Example.com", "spiffe://cluster.local/ns/A/sa/b");
  request.addresses = {"10.0.0.1", "fd00::1"};
  const auto names = ReadNames(*Shared().Issued(request));
  ASSERT_TRUE(names);
  EXPECT_EQ(names->dns, std::vector{"model.example.com"s});
  EXPECT_EQ(names->uris, std::vector{"spiffe://cluster.local/ns/A/sa/b"s});
  EXPECT_EQ(names->addresses, (std::vector{*core::ParseIp("10.0.0.1"), *core::ParseIp("fd00::1")}));
}

TEST(Names, TheCommonNameIsNone) {
  LeafRequest request = Pki::Leaf("");
  request.common_name = "model.example.com";
  const auto names = ReadNames(*Shared().Issued(request));
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->dns.empty());
  EXPECT_FALSE(CoversServer(*names, std::vector{"model.example.com"s}));
}

TEST(Names, OneNameWithForeignBytesRefusesTheCertificate) {
  for (const std::string& bad : {"good.example\0.evil.example"s, "\0"s, ""s, "a b"s, "a\tb"s, "a\nb"s, "a\x7f"s,
                                 "m\xc3\xbc.example"s, "a.example\0"s, std::string(2049, 'a')}) {
    for (const Kind kind : {Kind::kDns, Kind::kUri}) {
      EXPECT_FALSE(With({{Kind::kDns, "good.example"}, {kind, bad}})) << bad;
      EXPECT_FALSE(With({{kind, bad}, {Kind::kDns, "good.example"}})) << bad;
    }
  }
}

TEST(Names, AddressesHaveFourOctetsOrSixteen) {
  for (const std::size_t size : {0U, 1U, 3U, 5U, 8U, 15U, 17U, 32U}) {
    EXPECT_FALSE(With({{Kind::kAddress, std::string(size, '\1')}})) << size;
  }
  const auto names = With({{Kind::kAddress, "\x0a\0\0\1"s}});
  ASSERT_TRUE(names);
  EXPECT_EQ(names->addresses, std::vector{*core::ParseIp("10.0.0.1")});
}

TEST(Names, KindsThatNobodyIsCalledByArePassedOver) {
  const auto names = With({{Kind::kMail, "a b\0c"s}, {Kind::kDns, "a.example"}});
  ASSERT_TRUE(names);
  EXPECT_EQ(names->dns, std::vector{"a.example"s});
}

TEST(Names, AThousandAreAllowedAndNotOneMore) {
  std::vector<RawName> many(kNamesMax, RawName{Kind::kDns, "a.example"});
  EXPECT_TRUE(With(many));
  many.push_back(many.front());
  EXPECT_FALSE(With(many));
}

TEST(Names, AWildcardStandsForExactlyOneWholeLabel) {
  EXPECT_TRUE(DnsNameMatches("*.example.com", "a.example.com"));
  EXPECT_TRUE(DnsNameMatches("*.b.example.com", "a.b.example.com"));
  for (const std::string name : {"example.com", ".example.com", "a.b.example.com", "a.example.org", "aexample.com",
                                 "a.example.com.evil.org", "*", ""}) {
    EXPECT_FALSE(DnsNameMatches("*.example.com", name)) << name;
  }
}

TEST(Names, OddWildcardsMatchNothing) {
  for (const std::string pattern : {"*", "*.", "*.com", "a*.example.com", "*a.example.com", "**.example.com",
                                    "*.*.example.com", "a.*.example.com", "*.example.*", "*example.com"}) {
    for (const std::string name :
         {"a.example.com", "ab.example.com", "a.b.example.com", "com", "a.com", "example.com"}) {
      EXPECT_FALSE(DnsNameMatches(pattern, name)) << pattern << " " << name;
    }
  }
}

TEST(Names, ATrailingDotMeansNothing) {
  EXPECT_TRUE(DnsNameMatches("a.example.com.", "a.example.com"));
  EXPECT_TRUE(DnsNameMatches("*.example.com", "a.example.com."));
  EXPECT_FALSE(DnsNameMatches("*.com.", "a.com"));
}

TEST(Names, AServerIsCoveredByOneOfItsNames) {
  const Names names{.dns = {"a.example", "*.example.com"}, .uris = {"u.example"}, .addresses = {}};
  EXPECT_TRUE(CoversServer(names, std::vector{"other"s, "a.example"s}));
  EXPECT_TRUE(CoversServer(names, std::vector{"b.example.com"s}));
  EXPECT_FALSE(CoversServer(names, std::vector{"b.example"s, "example.com"s}));
  EXPECT_FALSE(CoversServer(names, std::vector{"u.example"s})) << "a URI is no host name";
  EXPECT_FALSE(CoversServer(names, {}));
}

TEST(Names, AnAddressIsCoveredByAnAddressOnly) {
  const Names names{.dns = {"10.0.0.1", "*.0.0.2", "fd00::2"}, .uris = {}, .addresses = {*core::ParseIp("fd00::1")}};
  EXPECT_TRUE(CoversServer(names, std::vector{"fd00::1"s}));
  EXPECT_TRUE(CoversServer(names, std::vector{"fd00:0:0::1"s})) << "written otherwise";
  for (const std::string wanted : {"10.0.0.1", "10.0.0.2", "fd00::2"}) {
    EXPECT_FALSE(CoversServer(names, std::vector{wanted})) << wanted;
  }
}

TEST(Names, AnAskedForNameIsThereCharacterByCharacter) {
  const Names names{.dns = {"a.example", "*.example.com"},
                    .uris = {"spiffe://cluster.local/ns/a/sa/b"},
                    .addresses = {*core::ParseIp("10.0.0.1")}};
  for (const std::string have : {"a.example", "spiffe://cluster.local/ns/a/sa/b", "10.0.0.1", "*.example.com"}) {
    EXPECT_TRUE(HasName(names, std::vector{have})) << have;
  }
  for (const std::string other :
       {"b.example.com", "spiffe://cluster.local/ns/a/sa/", "spiffe://cluster.local/ns/a/sa/bb", "10.0.0.2", ""}) {
    EXPECT_FALSE(HasName(names, std::vector{other})) << other;
  }
}

}  // namespace
}  // namespace sluice::tls

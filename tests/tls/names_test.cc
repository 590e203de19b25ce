#include "tls/names.h"

#include <array>

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

X509Ptr Certificate(const LeafRequest& request) {
  static const CertificateAuthority authority = Must(CertificateAuthority::Make("CA", ThisMonth()));
  const Issued issued = Must(authority.Issue(request));
  const BioPtr bio(BIO_new_mem_buf(issued.certificate.data(), static_cast<int>(issued.certificate.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Names NamesOf(const std::string& names) { return Must(ReadNames(*Certificate(Named(names)))); }

LeafRequest Raw(const std::string& der) {
  LeafRequest request = Named("");
  request.raw_names = der;
  return request;
}

TEST(Names, AreReadByType) {
  const Names names = NamesOf("DNS:A.Example,URI:spiffe://td/x,IP:127.0.0.1,IP:::1,email:a@b.example");

  EXPECT_EQ(names.dns, std::vector<std::string>{"a.example"});
  EXPECT_EQ(names.uris, std::vector<std::string>{"spiffe://td/x"});
  EXPECT_EQ(names.addresses.size(), 2U);
  EXPECT_TRUE(NamesOf("").dns.empty()) << "the common name counts for nothing";
}

TEST(Names, ThatHoldWhatNoNameMayHoldSpoilTheCertificate) {
  EXPECT_FALSE(
      ReadNames(*Certificate(Raw(std::string("\x30\x05\x82\x03"
                                             "a\0b",
                                             7)))));
  EXPECT_FALSE(
      ReadNames(*Certificate(Raw("\x30\x05\x86\x03"
                                 "a\nb"))));
  EXPECT_FALSE(ReadNames(*Certificate(Raw("\x30\x04\x82\x02\xc3\xa4"))));
  EXPECT_FALSE(
      ReadNames(*Certificate(Raw("\x30\x05\x87\x03"
                                 "abc"))))
      << "an address of three bytes";
  EXPECT_FALSE(ReadNames(*Certificate(Raw("\x30\x7f"))));
}

TEST(Names, AWildcardStandsForOneWholeLabel) {
  struct Row {
    const char* pattern;
    const char* name;
    bool matches;
  };
  constexpr std::array kRows = {
      Row{"a.example", "a.example", true},        Row{"a.example.", "a.example", true},
      Row{"a.example", "b.example", false},       Row{"*.a.example", "x.a.example", true},
      Row{"*.a.example", "a.example", false},     Row{"*.a.example", "x.y.a.example", false},
      Row{"*.example", "a.example", false},       Row{"*", "example", false},
      Row{"x*.a.example", "xy.a.example", false}, Row{"a.*.example", "a.b.example", false},
      Row{"*.a.example", ".a.example", false},    Row{"", "", false},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(DnsNameMatches(row.pattern, row.name), row.matches) << row.pattern << " " << row.name;
  }
}

TEST(Names, AServerIsCoveredByWildcardsAndAClientIsNot) {
  const Names names = NamesOf("DNS:*.a.example,URI:urn:x,IP:10.0.0.1");
  const auto covers = [&](const std::string& wanted) { return CoversServer(names, std::array{wanted}); };
  const auto has = [&](const std::string& wanted) { return HasName(names, std::array{wanted}); };

  EXPECT_TRUE(covers("x.a.example"));
  EXPECT_TRUE(covers("10.0.0.1"));
  EXPECT_FALSE(covers("10.0.0.2"));
  EXPECT_FALSE(has("x.a.example"));
  EXPECT_TRUE(has("*.a.example"));
  EXPECT_TRUE(has("urn:x"));
  EXPECT_TRUE(has("10.0.0.1"));
  EXPECT_FALSE(has("urn:y"));
}

TEST(Names, AnAddressWrittenAsADnsNameIsNoAddress) {
  EXPECT_FALSE(CoversServer(NamesOf("DNS:*.0.0.1"), std::array{std::string("10.0.0.1")}));
}

}  // namespace
}  // namespace sluice::tls

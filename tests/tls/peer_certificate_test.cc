#include "tls/peer_certificate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/pki.h"

namespace sluice::tls {
namespace {

using namespace std::string_literals;

struct PeerCertificateTest : testing::Test {
  Pki pki;
};

TEST_F(PeerCertificateTest, TellsWhoThePeerIs) {
  LeafRequest request = Pki::Leaf("Model.example", "https://a.example/x");
  request.uris.push_back("spiffe://cluster.local/ns/a/sa/b");
  request.common_name = "some, body";
  const X509Ptr leaf = pki.Issued(request);
  const auto identity = ReadIdentity(*leaf);
  ASSERT_TRUE(identity) << identity.error().Text();
  EXPECT_EQ(identity->spiffe.text, "spiffe://cluster.local/ns/a/sa/b");
  EXPECT_EQ(identity->spiffe.trust_domain, "cluster.local");
  EXPECT_EQ(identity->spiffe.service_account, "b");
  EXPECT_EQ(identity->uri_sans, request.uris);
  EXPECT_EQ(identity->dns_sans, std::vector{"model.example"s});
  EXPECT_EQ(identity->subject, "CN=some\\, body");
  EXPECT_EQ(identity->not_after, request.validity.not_after);
  EXPECT_EQ(identity->sha256, CertificateSha256(*leaf));
  EXPECT_EQ(identity->name(), "spiffe://cluster.local/ns/a/sa/b");
}

TEST_F(PeerCertificateTest, UrisThatAreNoWorkloadsAreKeptAndNothingElse) {
  const auto identity = ReadIdentity(*pki.Issued(Pki::Leaf("", "spiffe://cluster.local/ns/a/sa/b/c")));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->spiffe.text, "");
  EXPECT_EQ(identity->uri_sans.size(), 1U);
}

TEST_F(PeerCertificateTest, TwoSpiffeIdsAreOneTooMany) {
  LeafRequest request = Pki::Leaf("", "spiffe://cluster.local/ns/a/sa/b");
  request.uris.push_back("spiffe://cluster.local/ns/a/sa/admin");
  EXPECT_FALSE(ReadIdentity(*pki.Issued(request)));
}

TEST_F(PeerCertificateTest, MalformedNamesAreAnError) {
  LeafRequest request = Pki::Leaf();
  request.raw_names = {{RawName::Kind::kUri, "spiffe://cluster.local/ns/a/sa/b\0x"s}};
  EXPECT_FALSE(ReadIdentity(*pki.Issued(request)));
}

TEST_F(PeerCertificateTest, ASubjectCannotBreakOutOfItsLine) {
  LeafRequest request = Pki::Leaf();
  request.common_name = "a\nb\x01\xc3\xa4";
  const std::string subject = NameText(*X509_get_subject_name(pki.Issued(request).get()));
  EXPECT_EQ(subject, "CN=a\\0Ab\\01\\C3\\A4");
}

// The known answers are those of: openssl x509 -fingerprint -sha256, and of: openssl x509 -pubkey | openssl pkey -pubin
// -outform der | openssl dgst -sha256 -binary | base64.
TEST_F(PeerCertificateTest, FingerprintsAreThoseOfOtherTools) {
  const std::string pem =
      "-----BEGIN CERTIFICATE-----\n"
      "MIIBdDCCARqgAwIBAgITDA/+4AAAAAAAAAAAAAAAAAAAATAKBggqhkjOPQQDAjAQ\n"
      "MQ4wDAYDVQQDDAVrbm93bjAeFw0yNjExMjYxMzE4NDBaFw0zNjExMjMxMzE4NDBa\n"
      "MBAxDjAMBgNVBAMMBWtub3duMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV6RL\n"
      "snpgUNquhJAhMn1aAN+PI7sMO+8dG7GeLNSGMd6jCaht2GXTnZpD7LJTa2KI5xxS\n"
      "FwEaa3teNAgnDTCN8qNTMFEwHQYDVR0OBBYEFG38zOT2+mdcJgmdj5dXoRrSn/XZ\n"
      "MB8GA1UdIwQYMBaAFG38zOT2+mdcJgmdj5dXoRrSn/XZMA8GA1UdEwEB/wQFMAMB\n"
      "Af8wCgYIKoZIzj0EAwIDSAAwRQIhAIT6obngGoNvN0OBQ+FVBuTCN/bjYeAvUNA5\n"
      "MPQ/BSdeAiBMAWAVu3Hw4e7gagUiZwfx1jQbvek9aazvJ8ekYDaoeg==\n"
      "-----END CERTIFICATE-----\n";
  const X509Ptr certificate = Pki::Parse(pem);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(CertificateSha256(*certificate), "112aba7b03058b66bedc4c2635e6d501ceab6d4a09495e81e6d18d788670a316");
  EXPECT_EQ(KeySha256(*certificate), "mu85cEwESDmKrWjSc4NJGg2ezZ3dwIF6eTxj7mcn/GM=");
  EXPECT_EQ(SerialText(*certificate), "0C0FFEE0000000000000000000000000000001");
  EXPECT_EQ(UnixTime(*X509_get0_notAfter(certificate.get())), 2111059120);
}

}  // namespace
}  // namespace sluice::tls

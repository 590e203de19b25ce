#include "tls/peer_certificate.h"

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

X509Ptr Certificate(const LeafRequest& request) {
  const auto authority = Must(CertificateAuthority::Make("CA", ThisMonth()));
  const Issued issued = Must(authority.Issue(request));
  const BioPtr bio(BIO_new_mem_buf(issued.certificate.data(), static_cast<int>(issued.certificate.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

TEST(PeerCertificate, IsReadAsAnIdentity) {
  LeafRequest request = Named(Workload("client") + ",DNS:A.example,URI:urn:x");
  request.common_name = "a, \"b\"";

  const auto certificate = Certificate(request);
  const core::PeerIdentity identity = Must(ReadIdentity(*certificate));

  EXPECT_EQ(identity.spiffe.principal(), "cluster.local/ns/default/sa/client");
  EXPECT_EQ(identity.name(), "spiffe://cluster.local/ns/default/sa/client");
  EXPECT_EQ(identity.uri_sans.size(), 2U);
  EXPECT_EQ(identity.dns_sans, std::vector<std::string>{"a.example"});
  EXPECT_EQ(identity.subject, "CN=a\\, \\\"b\\\"");
  EXPECT_EQ(identity.sha256.size(), 64U);
  EXPECT_EQ(identity.sha256, CertificateSha256(*certificate));
  EXPECT_EQ(KeySha256(*certificate).size(), 44U);
  EXPECT_NEAR(static_cast<double>(identity.not_after), static_cast<double>(Today() + 30 * kDay), kDay);
  EXPECT_EQ(SerialText(*certificate).size(), 32U);
}

TEST(PeerCertificate, WithTwoWorkloadsInItIsNobodys) {
  EXPECT_FALSE(ReadIdentity(*Certificate(Named(Workload("a") + "," + Workload("b")))));
}

TEST(PeerCertificate, WithoutNamesHasNone) {
  const core::PeerIdentity identity = Must(ReadIdentity(*Certificate(Named(""))));
  EXPECT_EQ(identity.name(), "");
  EXPECT_EQ(identity.subject, "CN=leaf");
}

}  // namespace
}  // namespace sluice::tls

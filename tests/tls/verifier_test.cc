#include "tls/verifier.h"

#include "tests/tls/tls_world.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

class VerifierTest : public testing::Test {
 protected:
  X509Ptr Certificate(const std::string& names) {
    const Issued issued = Must(authority_.Issue(Named(names)));
    const BioPtr bio(BIO_new_mem_buf(issued.certificate.data(), static_cast<int>(issued.certificate.size())));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }

  CertificateAuthority authority_ = Must(CertificateAuthority::Make("CA", ThisMonth()));
};

TEST_F(VerifierTest, WithoutWishesAnyCertificateWillDo) {
  EXPECT_EQ(Verifier::Of(core::ServerTlsPolicy()).Check(*Certificate("")), Failure::kNone);
}

TEST_F(VerifierTest, WhoTheClientMustBe) {
  core::ServerTlsPolicy policy;
  policy.trust_domain = "cluster.local";
  policy.subject_alt_names = {"spiffe://cluster.local/ns/default/sa/a"};
  const Verifier verifier = Verifier::Of(policy);

  EXPECT_EQ(verifier.Check(*Certificate(Workload("a"))), Failure::kNone);
  EXPECT_EQ(verifier.Check(*Certificate(Workload("b"))), Failure::kSan);
  EXPECT_EQ(verifier.Check(*Certificate(Workload("a", "elsewhere"))), Failure::kTrustDomain);
  EXPECT_EQ(verifier.Check(*Certificate("DNS:a.example")), Failure::kNoIdentity);
}

TEST_F(VerifierTest, OneOfThePinsIsEnough) {
  const X509Ptr certificate = Certificate("DNS:a.example");
  core::ServerTlsPolicy policy;
  policy.spki_sha256 = {KeySha256(*certificate)};
  policy.certificate_sha256 = {std::string(64, '0')};
  EXPECT_EQ(Verifier::Of(policy).Check(*certificate), Failure::kNone);
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate("DNS:a.example")), Failure::kPin);
}

TEST_F(VerifierTest, AServerIsKnownByItsNamesOrByThoseThatAreAskedFor) {
  core::ClientTlsPolicy policy;
  policy.server_names = {"a.example", "b.example"};
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate("DNS:b.example")), Failure::kNone);
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate("DNS:c.example")), Failure::kSan);
  policy.subject_alt_names = {"c.example"};
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate("DNS:c.example")), Failure::kNone);
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate("DNS:b.example")), Failure::kSan) << "they take the names' place";
  policy.subject_alt_names.clear();
  policy.istio = true;
  policy.trust_domain = "cluster.local";
  EXPECT_EQ(Verifier::Of(policy).Check(*Certificate(Workload("any"))), Failure::kNone);
}

}  // namespace
}  // namespace sluice::tls
